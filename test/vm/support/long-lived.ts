/** Holds WebSockets and event streams open as browsers do, opens new ones where they end, and remembers when and how each ended. */
import { setMaxListeners } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Failure } from '../../support/http-load.ts';
import { openWebSocket } from './web-socket.ts';

export interface LongLived {
  readonly kind: 'web-socket' | 'events';
  /** Milliseconds since 1970. */
  readonly openedAt: number;
  readonly end: { readonly at: number; readonly isOrderly: boolean } | null;
}

export interface HeldOpen {
  /** All that were ever open. */
  connections(): readonly LongLived[];
  /** What could not be opened, or fell silent. */
  failures(): readonly Failure[];
  stop(): Promise<void>;
}

export interface HoldOpenProps {
  readonly port: number;
  readonly webSockets: number;
  readonly events: number;
}

const reopenAfterMs = 200;
const echoEveryMs = 1_000;
const maxEchoes = 3_600;
/** An event comes each second. */
const silentAfterMs = 6_000;
const maxFailures = 100;
const maxTries = 5_000;

interface Open {
  /** Resolves when it has ended: in order, or cut. */
  readonly ended: Promise<boolean>;
  close(): void;
}

export function holdOpen({ port, webSockets, events }: HoldOpenProps): HeldOpen {
  const connections: LongLived[] = [];
  const failures: Failure[] = [];
  const stopping = new AbortController();
  const { signal } = stopping;
  setMaxListeners(webSockets + events + 1, signal);
  const fail = (what: string): void => {
    if (failures.length < maxFailures && !signal.aborted) failures.push({ at: Date.now(), what });
  };
  const keep = async (kind: LongLived['kind']): Promise<void> => {
    for (let tries = 0; tries < maxTries && !signal.aborted; tries += 1) {
      try {
        const open = kind === 'events' ? await openEvents(port, fail) : await openSocket(port, fail);
        const openedAt = Date.now();
        connections[connections.length] = { kind, openedAt, end: null };
        const at = connections.length - 1;
        const close = (): void => open.close();
        signal.addEventListener('abort', close, { once: true });
        if (signal.aborted) close();
        const isOrderly = await open.ended;
        signal.removeEventListener('abort', close);
        connections[at] = { kind, openedAt, end: { at: Date.now(), isOrderly } };
      } catch (error) {
        fail(`${kind}: ${error instanceof Error ? error.message : String(error)}`);
      }
      await sleep(reopenAfterMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const kinds = [
    ...Array.from({ length: webSockets }, () => 'web-socket' as const),
    ...Array.from({ length: events }, () => 'events' as const),
  ];
  const kept = Promise.all(kinds.map(keep));
  return {
    connections: () => [...connections],
    failures: () => failures,
    async stop() {
      stopping.abort();
      await kept;
    },
  };
}

async function openSocket(port: number, fail: (what: string) => void): Promise<Open> {
  const client = await openWebSocket(port);
  const talk = async (): Promise<void> => {
    for (let n = 0; n < maxEchoes; n += 1) {
      const silence = setTimeout(() => fail('web-socket: no echo'), silentAfterMs);
      const answer = await client.echo(`echo ${n}`).catch(() => null);
      clearTimeout(silence);
      // It has ended.
      if (answer === null) return;
      if (answer !== `echo ${n}`) fail(`web-socket: got '${answer}' for 'echo ${n}'`);
      await Promise.race([sleep(echoEveryMs), client.ended]);
    }
  };
  void talk();
  return { ended: client.ended.then(({ isOrderly }) => isOrderly), close: () => client.close() };
}

async function openEvents(port: number, fail: (what: string) => void): Promise<Open> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const call = get({ host: '127.0.0.1', port, path: '/events', agent: false, timeout: 30_000 }, resolve);
    call.once('timeout', () => call.destroy(new Error('no answer')));
    call.once('error', reject);
  });
  if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
  response.socket.setTimeout(0);
  const silence = setTimeout(() => fail('events: silent'), silentAfterMs);
  response.on('data', () => silence.refresh());
  const ended = new Promise<boolean>((resolve) => {
    response.on('error', () => undefined);
    response.once('close', () => resolve(response.complete));
  });
  return { ended: ended.finally(() => clearTimeout(silence)), close: () => response.destroy() };
}
