/** The HTTP server: routes, time-outs, and a stop that loses no request. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { echo } from './echo.ts';
import { health, type Phase } from './health.ts';
import { page } from './page.ts';
import { json, type Reply, send } from './reply.ts';
import type { Settings } from './settings.ts';
import { version } from './version.ts';

export interface Service {
  readonly server: Server;
  /** Resolves when it listens and may take traffic; rejects when the port is taken. */
  start(): Promise<void>;
  /** Resolves to whether every request was answered before the deadline. */
  stop(deadlineMs: number): Promise<boolean>;
}

type Handler = (request: IncomingMessage) => Reply | Promise<Reply>;

export function createService(settings: Settings): Service {
  let phase: Phase = 'starting';
  const front = page(settings);
  const routes = new Map<string, Handler>([
    ['GET /', () => front],
    ['GET /health', () => health(phase)],
    ['GET /version', () => version(settings)],
    ['POST /echo', echo],
  ]);

  const server = createServer((request, response) => {
    // A client that keeps its connection would keep a stopping server open.
    if (phase === 'stopping') response.setHeader('connection', 'close');
    response.once('close', () => {
      if (phase === 'stopping') setImmediate(() => server.closeIdleConnections());
    });
    answer(routes, request).then(
      (reply) => send(response, reply),
      () => response.destroy(),
    );
  });
  // The proxy closes idle connections after 75 s: it must never meet one that we closed first.
  server.keepAliveTimeout = 90_000;
  server.headersTimeout = 95_000;

  return {
    server,
    async start() {
      await listen(server, settings);
      phase = 'ready';
    },
    async stop(deadlineMs) {
      phase = 'stopping';
      return close(server, deadlineMs);
    },
  };
}

async function answer(routes: ReadonlyMap<string, Handler>, request: IncomingMessage): Promise<Reply> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const handler = routes.get(`${method} ${path}`);
  if (handler) return handler(request);
  const allowed = [...routes.keys()]
    .filter((route) => route.endsWith(` ${path}`))
    .map((route) => route.split(' ', 1)[0]);
  if (allowed.length === 0) return json(404, { error: `no such page: ${path}` });
  return json(405, { error: `${request.method} is not answered here` }, { allow: allowed.join(', ') });
}

function listen(server: Server, { port, address }: Settings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: Server, deadlineMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    let drained = true;
    const deadline = setTimeout(() => {
      drained = false;
      server.closeAllConnections();
    }, deadlineMs);
    server.close(() => {
      clearTimeout(deadline);
      resolve(drained);
    });
    server.closeIdleConnections();
  });
}
