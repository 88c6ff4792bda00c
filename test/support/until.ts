/** Waits for a condition instead of a time. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves with the first value that is not false, null or undefined; rejects after `timeoutMs`. */
export async function until<T>(
  what: string,
  condition: () => Promise<T> | T,
  timeoutMs = 10_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (isThere(value)) return value;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for: ${what}`);
    await sleep(10);
  }
}

function isThere<T>(value: T): value is Exclude<T, false | null | undefined> {
  return value !== false && value !== null && value !== undefined;
}
