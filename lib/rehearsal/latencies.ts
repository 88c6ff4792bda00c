/** How long requests took, in buckets of a tenth of a millisecond, so that memory does not grow with their number. */

export interface Latencies {
  add(ms: number): void;
  /** Milliseconds; 0 where nothing was added. */
  percentile(percent: number): number;
}

const perMs = 10;
const maxMs = 30_000;

export function createLatencies(): Latencies {
  const buckets = new Uint32Array(maxMs * perMs + 1);
  let count = 0;
  return {
    add(ms) {
      const bucket = Math.min(Math.max(0, Math.round(ms * perMs)), maxMs * perMs);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      count += 1;
    },
    percentile(percent) {
      const rank = Math.ceil((count * percent) / 100);
      let seen = 0;
      for (const [bucket, size] of buckets.entries()) {
        seen += size;
        if (seen >= rank && seen > 0) return bucket / perMs;
      }
      return 0;
    },
  };
}
