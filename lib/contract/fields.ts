/** The kinds of field that documents share, each with a message that says what it must be. */
import * as v from 'valibot';

export const serviceName = v.pipe(
  v.string('must be a string'),
  v.regex(/^[a-z][a-z0-9-]{1,19}$/, 'must be 2 to 20 of a-z, 0-9 and -, starting with a letter'),
);
/** `dev`, `stage`, `prod`, or a short-lived environment such as `pr-12`. */
export const environmentLabel = v.pipe(
  v.string('must be a string'),
  v.regex(/^[a-z][a-z0-9-]{1,14}$/, 'must be 2 to 15 of a-z, 0-9 and -, starting with a letter'),
);
export const sha256Digest = v.pipe(
  v.string('must be a string'),
  v.regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in 64 lower-case hexadecimal digits'),
);
/** A Git object name: SHA-1 or SHA-256. */
export const gitObject = v.pipe(
  v.string('must be a string'),
  v.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'must be a full Git object name'),
);
export const utcTime = v.pipe(
  v.string('must be a string'),
  v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z$/, 'must be a UTC time like 2026-11-23T12:00:00Z'),
);
export const httpPath = v.pipe(
  v.string('must be a string'),
  v.regex(/^\/[\w\-./~%?=&]{0,199}$/, 'must be a URL path that starts with /'),
);
export const variableName = v.pipe(
  v.string('must be a string'),
  v.regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'must be 1 to 64 of A-Z, 0-9 and _, starting with a letter'),
);
/** A whole number from `min` to `max`, both included. */
export function whole(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(max, message));
}
export function text(maxLength: number) {
  const message = `must be a string of 1 to ${maxLength} characters`;
  return v.pipe(v.string(message), v.minLength(1, message), v.maxLength(maxLength, message));
}
