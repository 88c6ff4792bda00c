/** Looks again and again until Ctrl-C: drawn in place on a terminal, and elsewhere only when something has changed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Output } from './shell.ts';

export interface Sight {
  readonly text: string;
  /** What counts as a change: without the times that run on by themselves. */
  readonly state: string;
}

export interface WatchOptions {
  readonly output: Output;
  /** Draw in place. */
  readonly isPicture: boolean;
  readonly intervalMs: number;
  readonly signal: AbortSignal;
}

const homeAndClear = '\u001b[H\u001b[2J\u001b[3J';

/** Ends when the signal is aborted. Throws what `look` throws. */
export async function watch(look: () => Promise<Sight>, options: WatchOptions): Promise<void> {
  const { output, isPicture, intervalMs, signal } = options;
  let shown: string | undefined;
  try {
    for (;;) {
      const { text, state } = await look();
      if (isPicture) output.write(`${homeAndClear}${text}`);
      else if (state !== shown) output.write(text);
      shown = state;
      await sleep(intervalMs, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
