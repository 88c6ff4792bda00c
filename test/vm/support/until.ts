/** Waits for a condition of a machine; when it does not come, says what the machine said last. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface UntilOptions {
  /** Default: 60 s. */
  readonly timeoutMs?: number;
  /** Default: 50 ms. */
  readonly pauseMs?: number;
  /** Added to the error. */
  readonly explain?: () => Promise<string>;
}

/** Resolves with the first value that is not false, null or undefined. */
export async function until<T>(
  what: string,
  condition: () => Promise<T> | T,
  { timeoutMs = 60_000, pauseMs = 50, explain }: UntilOptions = {},
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (isThere(value)) return value;
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeoutMs / 1_000} s for ${what}\n${(await explain?.()) ?? ''}`);
    }
    await sleep(pauseMs);
  }
}

function isThere<T>(value: T): value is Exclude<T, false | null | undefined> {
  return value !== false && value !== null && value !== undefined;
}
