/** Waiting: pauses that end early without an error, limits on what may hang, and growing pauses after failures. */
import type { Clock } from './ports.ts';

export type Random = () => number;

/** One for all: making an error with its stack for each pause would cost more than the pause. */
const ended = new DOMException('ended', 'AbortError');

export const never: AbortSignal = new AbortController().signal;

/** Sleeps, or returns early when the signal is aborted. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** A signal that is aborted with another one or by its owner. `end` must be called: it lets go of the other signal. */
export function childSignal(parent: AbortSignal): { readonly signal: AbortSignal; readonly end: () => void } {
  const controller = new AbortController();
  const end = (): void => {
    parent.removeEventListener('abort', end);
    controller.abort(ended);
  };
  parent.addEventListener('abort', end, { once: true });
  if (parent.aborted) end();
  return { signal: controller.signal, end };
}

/** Runs work that may hang: after `ms` its signal is aborted and the answer is `null`, even if the work ignores the signal. */
export async function within<T>(
  clock: Clock,
  limit: { readonly ms: number; readonly signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | null> {
  const { signal, end } = childSignal(limit.signal);
  try {
    return await Promise.race([work(signal), pause(clock, limit.ms, signal).then(() => null)]);
  } finally {
    end();
  }
}

/** Doubles with each failure from `baseMs` to `maxMs`, then half of it at random: hosts that failed together do not come back together. */
export function backOffMs(failures: number, random: Random, { baseMs = 1_000, maxMs = 60_000 } = {}): number {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full / 2 + (full / 2) * random());
}

/** Around a mean, by a fifth to either side. */
export function jitteredMs(meanMs: number, random: Random): number {
  return Math.round(meanMs * (0.8 + 0.4 * random()));
}
