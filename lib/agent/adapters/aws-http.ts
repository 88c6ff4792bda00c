/** One exchange by HTTP or HTTPS: on a connection that is kept, with a limit to connecting and one to silence. */
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';

const connectTimeoutMs = 2_000;
/** To the first byte of the answer, and between two bytes of it; so long an unused connection is kept, too. */
const silenceTimeoutMs = 10_000;

export interface HttpCall {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly protocol: 'http:' | 'https:';
  readonly hostname: string;
  readonly port: number | null;
  /** With its query, escaped. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** Resolves with the head of the answer; its body must be read or destroyed. */
export type Exchange = (call: HttpCall, signal: AbortSignal) => Promise<IncomingMessage>;

/** The limits are of interest to tests only. */
export function createExchange(limits = { connectMs: connectTimeoutMs, silenceMs: silenceTimeoutMs }): Exchange {
  const options = { keepAlive: true, maxSockets: 16, maxFreeSockets: 2, timeout: limits.silenceMs };
  const agents = { 'http:': new HttpAgent(options), 'https:': new HttpsAgent({ ...options, maxCachedSessions: 4 }) };
  return (call, signal) =>
    new Promise((resolve, reject) => {
      const { method, protocol, hostname, port, path, headers, body } = call;
      const start = protocol === 'https:' ? httpsRequest : httpRequest;
      const target = { method, protocol, hostname, port, path, headers, agent: agents[protocol], signal };
      let response: IncomingMessage | null = null;
      const request = start(target, (answer) => {
        response = answer;
        resolve(answer);
      });
      request.on('error', reject);
      request.setTimeout(limits.silenceMs, () => {
        (response ?? request).destroy(new TimeoutError(`no byte within ${limits.silenceMs} ms`));
      });
      request.on('socket', (socket) => {
        limitConnecting(socket, limits.connectMs, (error) => request.destroy(error));
      });
      request.end(body ?? undefined);
    });
}

class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
  readonly code = 'ETIMEDOUT';
}

function limitConnecting(socket: Socket, ms: number, end: (error: Error) => void): void {
  if (!socket.connecting) return;
  const timer = setTimeout(() => end(new TimeoutError(`no connection within ${ms} ms`)), ms);
  const clear = () => clearTimeout(timer);
  socket.once('connect', clear).once('close', clear);
}
