/** Time that passes only when a test says so: sleeps end in their order, at once. */
import type { Clock } from '../../lib/agent/ports.ts';

/** One for all: making one with its stack takes longer than all else. */
const aborted = new DOMException('The operation was aborted', 'AbortError');

interface Timer {
  readonly atMs: number;
  readonly wake: () => void;
}

export class FakeClock implements Clock {
  /** What the wall clock is ahead of the monotonic one; a test may let it jump. */
  wallMs = Date.parse('2026-11-23T12:00:00Z');
  #nowMs = 0;
  readonly #timers = new Set<Timer>();

  monotonicMs(): number {
    return this.#nowMs;
  }

  now(): Date {
    return new Date(this.wallMs + this.#nowMs);
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        this.#timers.delete(timer);
        reject(aborted);
      };
      const wake = (): void => {
        signal.removeEventListener('abort', abort);
        this.#timers.delete(timer);
        resolve();
      };
      const timer = { atMs: this.#nowMs + Math.max(0, ms), wake };
      this.#timers.add(timer);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  get sleepers(): number {
    return this.#timers.size;
  }

  /** Lets time pass until the condition holds; throws after `maxMs` of it. `watch` is asked at every instant. */
  async until(condition: () => boolean, { maxMs = 120_000, watch = (): void => undefined } = {}): Promise<number> {
    const startMs = this.#nowMs;
    for (;;) {
      await settled();
      watch();
      if (condition()) return this.#nowMs - startMs;
      const next = [...this.#timers].sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) throw new Error(`nobody waits for anything after ${this.#nowMs - startMs} ms`);
      if (next.atMs - startMs > maxMs) throw new Error(`the condition does not hold after ${maxMs} ms`);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
    }
  }

  async pass(ms: number, watch = (): void => undefined): Promise<void> {
    const untilMs = this.#nowMs + ms;
    const timer = { atMs: untilMs, wake: () => this.#timers.delete(timer) };
    this.#timers.add(timer);
    await this.until(() => this.#nowMs >= untilMs && !this.#timers.has(timer), { maxMs: ms + 1, watch });
  }
}

/** Until everything that needs no time has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
