/** Passes one request to a slot, and again to the other where that cannot do harm. */
import { Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AgentSettings } from '../../contract/agent-settings.ts';
import { type Slot, slots } from '../../contract/host-status.ts';
import { endToEnd, toHeaderRecord, withForwarded } from './hop-headers.ts';
import { hasBody, type RequestBody, takeBody } from './request-body.ts';
import type { RouteTable } from './route-table.ts';
import type { SlotSessions } from './slot-sessions.ts';
import { attempt, type Attempt, type UpstreamRequest } from './upstream-attempt.ts';

/** Sent twice, they do what they do once (RFC 9110, 9.2.2). */
const idempotent = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);
const maxAttempts = 5;
const noSession = (): void => undefined;

export interface Forwarder {
  forward(request: IncomingMessage, response: ServerResponse): Promise<void>;
  close(): void;
}

export function createForwarder(
  table: RouteTable,
  upstreams: AgentSettings['slots'],
  sessions: SlotSessions,
): Forwarder {
  const pools: Record<Slot, Agent> = { blue: createPool(), green: createPool() };

  /** `end` must be called when the answer is over. */
  const send = async ({ replayable, upstream }: Job): Promise<{ readonly last: Attempt; readonly end: () => void }> => {
    const tried = new Set<Slot>();
    let last: Attempt = { kind: 'unreachable' };
    let pooled = replayable;
    let end: () => void = noSession;
    for (let i = 0; i < maxAttempts; i += 1) {
      // Asked anew each time: the route may have changed since the request came.
      const slot = table.candidates().find((candidate) => !tried.has(candidate));
      if (slot === undefined) break;
      const { address, [slot]: port } = upstreams;
      end();
      end = sessions.begin(slot);
      last = await attempt({ ...upstream, address, port, pool: pooled ? pools[slot] : null });
      if (last.kind === 'unreachable') table.reportUnreachable(slot);
      else if (last.kind !== 'lost' || !replayable) break;
      // A kept connection may have ended just then: that says nothing of the slot, so it is asked once more.
      if (last.kind === 'unreachable' || !pooled) tried.add(slot);
      pooled = false;
    }
    return { last, end };
  };

  return {
    async forward(request, response) {
      const gone = new AbortController();
      response.once('close', () => {
        if (!response.writableFinished) gone.abort();
      });
      const body = await takeBody(request);
      if (body === null) return;
      const { last, end } = await send(toJob(request, body, gone.signal));
      if (last.kind !== 'answer' || response.closed) end();
      else response.once('close', end);
      if (last.kind === 'answer') answer(last.response, request, response);
      else if (last.kind !== 'cancelled') refuse(last.kind, request, response);
    },
    close() {
      for (const slot of slots) pools[slot].destroy();
    },
  };
}

function createPool(): Agent {
  return new Agent({ keepAlive: true, maxFreeSockets: 256, scheduling: 'lifo' });
}

interface Job {
  readonly replayable: boolean;
  readonly upstream: Omit<UpstreamRequest, 'address' | 'port' | 'pool'>;
}

function toJob(request: IncomingMessage, body: RequestBody, signal: AbortSignal): Job {
  const { method = 'GET', url: path = '/' } = request;
  const rest = body.complete ? null : request;
  return {
    replayable: idempotent.has(method) && body.complete,
    upstream: { method, path, headers: upstreamHeaders(request, body), body: body.start, rest, signal },
  };
}

function upstreamHeaders(request: IncomingMessage, body: RequestBody): UpstreamRequest['headers'] {
  const pairs = endToEnd(request.rawHeaders).filter(([name]) => !/^(?:content-length|expect)$/i.test(name));
  const headers = toHeaderRecord(withForwarded(pairs, request.socket.remoteAddress ?? 'unknown'));
  if (!hasBody(request)) return headers;
  const length = body.complete ? String(body.start.length) : request.headers['content-length'];
  return length === undefined
    ? { ...headers, 'Transfer-Encoding': 'chunked' }
    : { ...headers, 'Content-Length': length };
}

function answer(upstream: IncomingMessage, request: IncomingMessage, response: ServerResponse): void {
  response.sendDate = false;
  const headers = endToEnd(upstream.rawHeaders).flat();
  response.writeHead(upstream.statusCode ?? 502, upstream.statusMessage ?? '', headers);
  // A stream of events may say nothing for a while after its head.
  response.flushHeaders();
  // The answer has begun: all that is left is to let the client see that it is not whole.
  upstream.once('error', () => request.socket.destroy());
  upstream.pipe(response);
}

const refusals = {
  unreachable: { status: 503, text: 'no slot serves\n' },
  lost: { status: 502, text: 'the service closed the connection without an answer\n' },
  timeout: { status: 504, text: 'the service did not answer in time\n' },
} as const;

function refuse(kind: keyof typeof refusals, request: IncomingMessage, response: ServerResponse): void {
  const { status, text } = refusals[kind];
  // A body that was not read to its end would be taken for the next request.
  const connection = request.complete ? {} : { connection: 'close' };
  response.writeHead(status, { 'content-type': 'text/plain', ...connection }).end(text);
}
