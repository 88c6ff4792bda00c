/** Times as people say them. */

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** `0.4 s`, `12 s`, `2 min 5 s`, `3 h 20 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < minute) return `${whole} s`;
  if (whole < hour) return `${Math.floor(whole / minute)} min ${whole % minute} s`;
  return `${Math.floor(whole / hour)} h ${Math.floor((whole % hour) / minute)} min`;
}

/** `now`, `12 s ago`, `3 min ago`, `5 h ago`, `9 d ago`: at most ten characters for a year. */
export function ago(from: Date, nowMs: number): string {
  const seconds = Math.round((nowMs - from.getTime()) / 1_000);
  if (seconds < 2) return 'now';
  if (seconds < 1.5 * minute) return `${seconds} s ago`;
  if (seconds < 1.5 * hour) return `${Math.floor(seconds / minute)} min ago`;
  if (seconds < 1.5 * day) return `${Math.floor(seconds / hour)} h ago`;
  return `${Math.floor(seconds / day)} d ago`;
}
