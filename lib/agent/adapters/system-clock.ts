/** The clock of this machine. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../ports.ts';

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  now: () => new Date(),
  /** Rejects with `AbortError` when the signal aborts. */
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
};
