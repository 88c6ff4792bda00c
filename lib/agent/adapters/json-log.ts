/** Writes the agent's log: one JSON line per entry, every field capped, never an exception. */
import type { Log } from '../ports.ts';
import { errorCode, errorMessage, errorName } from './error-facts.ts';

const maxFieldCharacters = 2_000;
const maxItems = 20;
const maxDepth = 4;

export function createJsonLog(stream: { write(line: string): unknown }): Log {
  return {
    write(level, message, fields = {}) {
      const entry = { ...fields, time: new Date().toISOString(), level, message };
      try {
        stream.write(`${JSON.stringify(capped(entry, 0))}\n`);
      } catch {
        // A log that cannot be written must not stop a deployment; there is nobody left to tell.
      }
    },
  };
}

function capped(value: unknown, depth: number): unknown {
  if (typeof value === 'string')
    return value.length > maxFieldCharacters ? `${value.slice(0, maxFieldCharacters)}…` : value;
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'object' && value !== null ? cappedObject(value, depth) : value;
}

function cappedObject(value: object, depth: number): unknown {
  if (value instanceof Error) return describeError(value, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (depth >= maxDepth) return '…';
  if (Array.isArray(value)) return value.slice(0, maxItems).map((item) => capped(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, capped(item, depth + 1)]));
}

function describeError(error: Error, depth: number): unknown {
  const cause = error.cause === undefined || depth >= maxDepth ? {} : { cause: capped(error.cause, depth + 1) };
  return { name: errorName(error), code: errorCode(error) || undefined, message: errorMessage(error), ...cause };
}
