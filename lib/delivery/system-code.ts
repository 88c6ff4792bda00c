/** The code of an error of the operating system, as Node.js throws it: `ENOENT`, `ECONNREFUSED`. */

/** Empty where it has none. By its shape: such errors may come from another realm, whose `Error` is not ours. */
export function systemCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
