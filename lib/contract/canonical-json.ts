/** The one byte form of a JSON document, and the digest over it. */
import { createHash } from 'node:crypto';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** JSON with sorted keys and no spaces: the same value gives the same bytes on any machine. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(sortKeys(value));
}

/** Lower-case hexadecimal SHA-256. */
export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The digest of a document: SHA-256 over its canonical JSON. */
export function digestOf(value: Json): string {
  return sha256(canonicalJson(value));
}

function sortKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]));
}
