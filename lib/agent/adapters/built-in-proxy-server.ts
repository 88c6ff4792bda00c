/** The built-in proxy itself: a process of its own, for machines without HAProxy. It changes its route only when the agent says so. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentSettings } from '../../contract/agent-settings.ts';
import { hostHealthPath } from '../../contract/names.ts';
import { AdapterError } from './adapter-error.ts';
import { readCappedText } from './capped-text.ts';
import { readOrNull } from './durable-file.ts';
import { errorCode, errorMessage } from './error-facts.ts';
import { firstEvent } from './first-event.ts';
import { createForwarder } from './forward-request.ts';
import { forwardUpgrade } from './forward-upgrade.ts';
import { askHealth } from './http-health-probe.ts';
import { controlSocketName, maxRouteBytes, noRoute, parseRoute, routeFileName, serializeRoute } from './proxy-route.ts';
import { RouteTable } from './route-table.ts';
import { sessionsPath, SlotSessions } from './slot-sessions.ts';
import { withSocketPath } from './unix-socket.ts';

/** Grows inward: load balancer 60 s, here 75 s, the service 90 s. */
const keepAliveTimeoutMs = 75_000;
const healthIntervalMs = 1_000;
const healthTimeoutMs = 2_000;
/** Requests in flight may finish that long after the signal. */
const drainTimeoutMs = 10_000;

/** Serves until the signal aborts. Throws `AdapterError` when it cannot listen. */
export async function runBuiltInProxy(settings: AgentSettings, signal: AbortSignal): Promise<void> {
  const table = new RouteTable();
  table.apply(await persistedRoute(settings.stateDirectory));
  const sessions = new SlotSessions();
  const forwarder = createForwarder(table, settings.slots, sessions);
  const service = createServer((request, response) => {
    if (request.url === hostHealthPath) answerHealth(table, response);
    else forwarder.forward(request, response).catch(() => request.socket.destroy());
  });
  service.keepAliveTimeout = keepAliveTimeoutMs;
  service.on('upgrade', (request, socket, head) => {
    const upgrade = { request, socket, head };
    forwardUpgrade({ table, upstreams: settings.slots, sessions }, upgrade).catch(() => socket.destroy());
  });
  // First the port: only one proxy can have it, and only that one may take the socket's place.
  await listen(service, { host: settings.listen.address, port: settings.listen.port });
  const control = createServer((request, response) => {
    if (request.url === sessionsPath) response.end(sessions.serialize());
    else answerControl(table, request, response).catch(() => request.socket.destroy());
  });
  await listenForControl(control, settings.runDirectory);
  const checks = setInterval(() => void checkHealth(table, settings), healthIntervalMs);
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  clearInterval(checks);
  control.close();
  control.closeAllConnections();
  await drain(service);
  forwarder.close();
}

async function persistedRoute(stateDirectory: string) {
  const bytes = await readOrNull(join(stateDirectory, 'proxy', routeFileName));
  try {
    return bytes === null ? noRoute : parseRoute(bytes);
  } catch {
    // The agent routes again as soon as it sees that nothing is served.
    return noRoute;
  }
}

async function listenForControl(control: Server, runDirectory: string): Promise<void> {
  const path = join(runDirectory, controlSocketName);
  await mkdir(runDirectory, { recursive: true, mode: 0o755 });
  await rm(path, { force: true });
  await withSocketPath(path, (path) => listen(control, { path }));
}

function listen(
  server: Server,
  where: { readonly host: string; readonly port: number } | { readonly path: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const place = 'path' in where ? where.path : `${where.host}:${where.port}`;
      const why = errorCode(cause) === 'EADDRINUSE' ? 'something else listens there' : errorMessage(cause);
      reject(new AdapterError('proxy-not-started', `listen at ${place}: ${why}`, { cause }));
    });
    server.listen(where, resolve);
  });
}

function answerHealth(table: RouteTable, response: ServerResponse): void {
  const serves = table.canServe();
  response.writeHead(serves ? 200 : 503, { 'content-type': 'text/plain' }).end(serves ? 'serving' : 'no slot serves');
}

async function answerControl(table: RouteTable, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'PUT') {
    const body = await readCappedText(request, maxRouteBytes);
    try {
      table.apply(parseRoute(body.kind === 'text' ? body.text : ''));
    } catch (error) {
      response.writeHead(400, { 'content-type': 'text/plain' }).end(errorMessage(error));
      return;
    }
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(serializeRoute(table.route));
}

async function checkHealth(table: RouteTable, { slots }: AgentSettings): Promise<void> {
  const before = table.route;
  const { address } = slots;
  await Promise.all(
    table.checks().map(async ({ slot, path }) => {
      const question = { address, port: slots[slot], path, timeoutMs: healthTimeoutMs };
      const { healthy } = await askHealth(question, new AbortController().signal);
      // A check of the process before says nothing of the one after.
      if (table.route === before) table.reportHealth(slot, healthy ? 'passed' : 'failed');
    }),
  );
}

async function drain(service: Server): Promise<void> {
  const closed = firstEvent(service, ['close']);
  service.close();
  service.closeIdleConnections();
  const force = setTimeout(() => service.closeAllConnections(), drainTimeoutMs);
  await closed;
  clearTimeout(force);
}
