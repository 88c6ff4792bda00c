/** How long the parts of a call took. */
import type { Clock } from './clock.ts';

export interface Stopwatch {
  /** Seconds since the last lap. */
  lap(): number;
  total(): number;
}

export function stopwatch(clock: Clock): Stopwatch {
  const startedAt = clock.now();
  let at = startedAt;
  return {
    lap() {
      const from = at;
      at = clock.now();
      return (at - from) / 1_000;
    },
    total: () => (clock.now() - startedAt) / 1_000,
  };
}
