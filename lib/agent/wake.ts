/** A bell: whoever waits goes on when it rings; a ring that nobody heard ends the next wait at once. */
import { childSignal, pause } from './pause.ts';
import type { Clock } from './ports.ts';

export class Wake {
  #ring: (() => void) | null = null;
  #isPending = false;

  ring(): void {
    this.#isPending = true;
    this.#ring?.();
  }

  /** Returns at the ring, after `ms`, or when the signal is aborted. */
  async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#isPending) {
      const child = childSignal(signal);
      this.#ring = child.end;
      await pause(clock, ms, child.signal);
      child.end();
      this.#ring = null;
    }
    this.#isPending = false;
  }
}
