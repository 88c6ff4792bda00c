/** One step of a test under load: what is done meanwhile, what failed, and how the long-lived connections of before ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Traffic } from './load.ts';
import type { LongLived } from './long-lived.ts';

export interface Step<T> {
  readonly value: T;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly requests: number;
  /** With milliseconds since the start of the step. */
  readonly failures: readonly string[];
  /** Those that were open when the step began, as they are when it ends. */
  readonly before: readonly LongLived[];
}

/** What is asked last in a step is answered in it. */
const settleMs = 1_500;

export async function underLoad<T>(traffic: Traffic, name: string, action: () => Promise<T>): Promise<Step<T>> {
  traffic.lap();
  const startedAt = Date.now();
  const indexes = traffic.longLived().flatMap(({ end }, index) => (end === null ? [index] : []));
  const value = await action().catch((error: unknown) => {
    process.stdout.write(`${name}: ${String(error)}\n`);
    throw error;
  });
  await sleep(settleMs);
  const { requests, failures } = traffic.lap();
  const endedAt = Date.now();
  const now = traffic.longLived();
  const before = indexes.flatMap((index) => now[index] ?? []);
  const ended = before.filter(({ end }) => end !== null).length;
  const seconds = ((endedAt - startedAt) / 1_000).toFixed(1);
  const told = `${name}: ${requests} requests, ${failures.length} failed; of ${before.length} long-lived connections ${ended} ended; ${seconds} s`;
  process.stdout.write(`${told}\n`);
  return {
    value,
    startedAt,
    endedAt,
    requests,
    before,
    failures: failures.map(({ at, what }) => `${at - startedAt} ms: ${what}`),
  };
}

/** Seconds from a moment to the end of each connection that has ended, the first end first. */
export function endsAfter(at: number, connections: readonly LongLived[]): readonly number[] {
  return connections.flatMap(({ end }) => (end === null ? [] : [(end.at - at) / 1_000])).sort((a, b) => a - b);
}
