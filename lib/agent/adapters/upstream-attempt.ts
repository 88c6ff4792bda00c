/** One attempt to get an answer from a slot: the answer, or how far it came. */
import { type Agent, type IncomingMessage, request, type RequestOptions } from 'node:http';
import type { Readable } from 'node:stream';
import { errorCode } from './error-facts.ts';

/** As HAProxy's: longer than the load balancer waits. */
const answerTimeoutMs = 75_000;
const connectTimeoutMs = 2_000;

export interface UpstreamRequest {
  readonly address: string;
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string | string[]>;
  readonly body: Buffer;
  /** What follows the body that is at hand; null: nothing. Taken only once there is a connection. */
  readonly rest: Readable | null;
  /** Null: a connection of its own. */
  readonly pool: Agent | null;
  /** The client went away. */
  readonly signal: AbortSignal;
}

export type Attempt =
  | { readonly kind: 'answer'; readonly response: IncomingMessage }
  /** Nothing was sent. */
  | { readonly kind: 'unreachable' }
  /** Sent, and no answer came. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'cancelled' };

export function attempt(upstream: UpstreamRequest): Promise<Attempt> {
  const { address: host, port, method, path, headers, pool, signal, rest } = upstream;
  return new Promise((resolve) => {
    const options: RequestOptions = { host, port, method, path, headers, agent: pool ?? false, signal };
    const call = request(options);
    let connected = false;
    let late = false;
    const connectTimer = setTimeout(() => call.destroy(), connectTimeoutMs);
    const whenConnected = () => {
      connected = true;
      clearTimeout(connectTimer);
      if (rest === null) return;
      rest.once('error', () => call.destroy());
      rest.pipe(call);
    };
    call.once('socket', (socket) => {
      if (socket.connecting) socket.once('connect', whenConnected);
      else whenConnected();
    });
    call.setTimeout(answerTimeoutMs, () => {
      late = true;
      call.destroy();
    });
    call.once('response', (response) => resolve({ kind: 'answer', response }));
    call.on('error', (error) => {
      clearTimeout(connectTimer);
      resolve(failure({ connected, late, cancelled: signal.aborted }, error));
    });
    if (rest === null) call.end(upstream.body);
    else call.write(upstream.body);
  });
}

interface Progress {
  readonly connected: boolean;
  readonly late: boolean;
  readonly cancelled: boolean;
}

function failure({ connected, late, cancelled }: Progress, error: Error): Attempt {
  if (cancelled) return { kind: 'cancelled' };
  if (late) return { kind: 'timeout' };
  return !connected || errorCode(error) === 'ECONNREFUSED' ? { kind: 'unreachable' } : { kind: 'lost' };
}
