/** Work that may take long, while the host is watched: one task of a name at a time. */
import { childSignal } from './pause.ts';

interface Task {
  readonly end: () => void;
  readonly done: Promise<void>;
}

export class BackgroundTasks {
  readonly #tasks = new Map<string, Task>();
  readonly #onEnd: () => void;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  has(name: string): boolean {
    return this.#tasks.has(name);
  }

  /** Does nothing if a task of that name is under way. `work` must not throw. */
  start(name: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): void {
    if (this.#tasks.has(name)) return;
    const child = childSignal(signal);
    const done = work(child.signal).finally(() => {
      child.end();
      this.#tasks.delete(name);
      this.#onEnd();
    });
    this.#tasks.set(name, { end: child.end, done });
  }

  /** Ends every task whose name matches. */
  end(matches: (name: string) => boolean): void {
    for (const [name, task] of this.#tasks) if (matches(name)) task.end();
  }

  async settle(name: string): Promise<void> {
    await this.#tasks.get(name)?.done;
  }

  async settleAll(): Promise<void> {
    await Promise.all([...this.#tasks.values()].map(({ done }) => done));
  }
}
