/** Awaits a condition of the world outside by looking at it. */
import { setTimeout as sleep } from 'node:timers/promises';

const lookEveryMs = 100;

/** Returns whether it came true in time. */
export async function until(
  signal: AbortSignal,
  timeoutMs: number,
  isTrue: () => boolean | Promise<boolean>,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (await isTrue()) return true;
    if (performance.now() > deadline) return false;
    await sleep(lookEveryMs, undefined, { signal });
  }
}
