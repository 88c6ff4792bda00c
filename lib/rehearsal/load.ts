/** Puts steady traffic on the service, and counts every request that was not answered. */
import { Agent, type IncomingMessage, request } from 'node:http';
import { createLatencies } from './latencies.ts';

export interface Failure {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly request: string;
  readonly reason: string;
}

export interface LoadFigures {
  readonly requests: number;
  readonly failed: number;
  /** The first of them, for the diagnosis. */
  readonly failures: readonly Failure[];
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** When the clients first and last sent a request which that release answered; milliseconds since 1970. */
export interface Sighting {
  readonly firstSentAt: number;
  readonly lastSentAt: number;
}

export interface Load {
  /** `idempotent`: leaves out what nobody may send twice; in a release that crashes, a POST on its way is lost, whoever stands before it. */
  only(kind: 'all' | 'idempotent'): void;
  /** Requests a second from now on. */
  rate(perSecond: number): void;
  figures(): LoadFigures;
  /** By the release that the answers of `/version` name; empty where the service has no such page. */
  sightings(): ReadonlyMap<string, Sighting>;
  /** Resolves when the last request is answered. */
  stop(): Promise<LoadFigures>;
}

export interface LoadOptions {
  readonly port: number;
  readonly perSecond: number;
  readonly connections: number;
}

const timeoutMs = 30_000;
const tickMs = 10;
/** More are not sent at a time: a service that hangs must not eat the laptop. */
const maxInFlight = 512;
const maxFailuresKept = 50;
const maxBodyKept = 4_096;

/** One of ten is a POST, one of five asks for the version. */
const mix = ['/', '/', '/version', '/', '/', '/', '/version', '/', '/', 'POST /echo'] as const;

export function startLoad({ port, perSecond, connections }: LoadOptions): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latencies = createLatencies();
  const failures: Failure[] = [];
  const seen = new Map<string, Sighting>();
  const state = { sent: 0, answered: 0, failed: 0, inFlight: 0, isIdempotent: false, perSecond };
  const startedAt = performance.now();
  let due = 0;
  let last = startedAt;

  const send = (): void => {
    const kind = mix[state.sent % mix.length] ?? '/';
    const isPost = kind.startsWith('POST') && !state.isIdempotent;
    const path = kind.startsWith('POST') ? (isPost ? '/echo' : '/') : kind;
    const sentAt = Date.now();
    const began = performance.now();
    state.sent += 1;
    state.inFlight += 1;
    ask({ agent, port, path, isPost }, (outcome) => {
      state.inFlight -= 1;
      latencies.add(performance.now() - began);
      if ('reason' in outcome) {
        state.failed += 1;
        if (failures.length < maxFailuresKept)
          failures.push({ at: sentAt, request: `${isPost ? 'POST' : 'GET'} ${path}`, reason: outcome.reason });
        return;
      }
      state.answered += 1;
      const release = path === '/version' ? releaseOf(outcome.body) : null;
      if (release) see(seen, release, sentAt);
    });
  };
  const timer = setInterval(() => {
    const now = performance.now();
    // After a pause of the process nothing is made up for: the rate is a limit.
    due = Math.min(due + ((now - last) * state.perSecond) / 1000, state.perSecond / 20);
    last = now;
    for (; due >= 1 && state.inFlight < maxInFlight; due -= 1) send();
  }, tickMs);

  const figures = (): LoadFigures => ({
    requests: state.answered + state.failed,
    failed: state.failed,
    failures: [...failures],
    p50Ms: latencies.percentile(50),
    p99Ms: latencies.percentile(99),
  });
  return {
    only: (kind) => (state.isIdempotent = kind === 'idempotent'),
    rate: (wanted) => (state.perSecond = wanted),
    figures,
    sightings: () => new Map(seen),
    async stop() {
      clearInterval(timer);
      while (state.inFlight > 0) await new Promise((resolve) => setTimeout(resolve, tickMs));
      agent.destroy();
      return figures();
    },
  };
}

function see(seen: Map<string, Sighting>, release: string, sentAt: number): void {
  const { firstSentAt, lastSentAt } = seen.get(release) ?? { firstSentAt: sentAt, lastSentAt: sentAt };
  seen.set(release, { firstSentAt: Math.min(firstSentAt, sentAt), lastSentAt: Math.max(lastSentAt, sentAt) });
}

interface Question {
  readonly agent: Agent;
  readonly port: number;
  readonly path: string;
  readonly isPost: boolean;
}

type Outcome = { readonly body: string } | { readonly reason: string };

function ask({ agent, port, path, isPost }: Question, done: (outcome: Outcome) => void): void {
  const body = isPost ? '{"from":"rehearsal"}' : '';
  const headers = isPost ? { 'content-type': 'application/json', 'content-length': body.length } : {};
  let isDone = false;
  const end = (outcome: Outcome): void => {
    if (isDone) return;
    isDone = true;
    done(outcome);
  };
  const call = request({
    host: '127.0.0.1',
    port,
    path,
    method: isPost ? 'POST' : 'GET',
    agent,
    headers,
    timeout: timeoutMs,
  });
  call.once('timeout', () => call.destroy(new Error(`no answer in ${timeoutMs / 1000} s`)));
  call.once('error', (error: NodeJS.ErrnoException) => end({ reason: error.code ?? error.message }));
  call.once('response', (response) => read(response, end));
  call.end(body);
}

function read(response: IncomingMessage, end: (outcome: Outcome) => void): void {
  const status = response.statusCode ?? 0;
  let body = '';
  response.setEncoding('utf8');
  response.on('data', (text: string) => (body = body.length < maxBodyKept ? body + text : body));
  response.once('error', (error: NodeJS.ErrnoException) => end({ reason: `cut off: ${error.code ?? error.message}` }));
  response.once('end', () => end(status < 500 ? { body } : { reason: `${status} ${body.slice(0, 160).trim()}` }));
}

function releaseOf(body: string): string | null {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null || !('release' in value)) return null;
    return typeof value.release === 'string' ? value.release : null;
  } catch {
    return null;
  }
}
