/** The proxy of a host by the built-in server, as the agent sees it: a process that takes its route over a socket. */
import { request } from 'node:http';
import { join } from 'node:path';
import type { AgentSettings } from '../../contract/agent-settings.ts';
import { canonicalJson } from '../../contract/canonical-json.ts';
import type { Clock, Proxy, Route } from '../ports.ts';
import { AdapterError } from './adapter-error.ts';
import { readCappedText } from './capped-text.ts';
import { createDurableFile } from './durable-file.ts';
import { errorMessage } from './error-facts.ts';
import { createTurn } from './in-turn.ts';
import { controlSocketName, maxRouteBytes, parseRoute, routeFileName, serializeRoute } from './proxy-route.ts';
import { createProxyProcess } from './proxy-process.ts';
import { parseSessions, sessionsPath } from './slot-sessions.ts';
import { withSocketPath } from './unix-socket.ts';

const timeoutMs = 5_000;

export interface BuiltInProxyProps {
  readonly settings: AgentSettings;
  /** Run as `node <agentBundle> proxy --settings FILE`. */
  readonly agentBundle: string;
  readonly clock: Clock;
}

export function createBuiltInProxy({ settings, agentBundle, clock }: BuiltInProxyProps): Proxy {
  const directory = join(settings.stateDirectory, 'proxy');
  const socketPath = join(settings.runDirectory, controlSocketName);
  const settingsFile = join(settings.runDirectory, 'proxy-settings.json');
  const persisted = createDurableFile(join(directory, routeFileName));
  const inTurn = createTurn();

  const current = async (signal: AbortSignal): Promise<Route | null> => {
    try {
      return await control(socketPath, null, signal);
    } catch (error) {
      if (error instanceof AdapterError && error.code === 'proxy-unreachable') return null;
      throw error;
    }
  };

  const proxyProcess = createProxyProcess({
    name: 'the built-in proxy',
    program: process.execPath,
    args: [agentBundle, 'proxy', '--settings', settingsFile],
    directory,
    recordFile: join(settings.runDirectory, 'proxy.json'),
    logFile: join(settings.stateDirectory, 'logs', 'proxy.log'),
    clock,
    isReady: async (signal) => (await current(signal)) !== null,
  });

  return {
    route: (route, signal) =>
      inTurn(async () => {
        if ((await current(signal)) === null) {
          await persisted.write(serializeRoute(route));
          await createDurableFile(settingsFile).write(canonicalJson(settings));
          await proxyProcess.start(signal);
        }
        const start = clock.monotonicMs();
        await control(socketPath, route, signal);
        const switchMs = clock.monotonicMs() - start;
        await persisted.write(serializeRoute(route));
        return { switchMs };
      }),

    async inspect(signal) {
      const route = await current(signal);
      return { running: route !== null, active: route?.active ?? null, backup: route?.backup ?? null };
    },

    async connections(slot, signal) {
      if ((await current(signal)) === null) return 0;
      const answer = await ask(socketPath, { method: 'GET', path: sessionsPath, body: '' }, signal);
      return parseSessions(answer)[slot];
    },
  };
}

/** Tells the proxy its route, or only asks for it. Throws `AdapterError`. */
async function control(socketPath: string, route: Route | null, signal: AbortSignal): Promise<Route> {
  const method = route === null ? 'GET' : 'PUT';
  const body = route === null ? '' : serializeRoute(route);
  return parseRoute(await ask(socketPath, { method, path: '/', body }, signal));
}

interface Question {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly body: string;
}

/** Throws `AdapterError`. */
async function ask(socketPath: string, question: Question, signal: AbortSignal): Promise<string> {
  const stop = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  let answer;
  try {
    answer = await withSocketPath(socketPath, (path) => exchange(path, question, stop));
  } catch (cause) {
    if (cause instanceof AdapterError) throw cause;
    throw new AdapterError('proxy-unreachable', `ask the proxy at ${socketPath}: ${errorMessage(cause)}`, { cause });
  }
  if (answer.status === 200) return answer.text;
  throw new AdapterError('proxy-refused', `${question.method} ${question.path} at the proxy: ${answer.text}`);
}

function exchange(
  socketPath: string,
  { method, path, body }: Question,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path, agent: false, signal }, (response) => {
      const status = response.statusCode ?? 0;
      readCappedText(response, maxRouteBytes)
        .then((text) => ({ status, text: text.kind === 'text' ? text.text : '' }))
        .then(resolve, reject);
    });
    call.once('error', reject);
    call.end(body);
  });
}
