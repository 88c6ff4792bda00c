/** Waits for the first of several events, and leaves no listener behind. */

interface Emitter {
  once(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

export function firstEvent(emitter: Emitter, events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      for (const event of events) emitter.off(event, settle);
      resolve();
    };
    for (const event of events) emitter.once(event, settle);
  });
}
