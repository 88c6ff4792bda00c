/** Reads what an unknown error says of itself, without trusting its shape. */

/** `ENOENT`, `ECONNREFUSED` …; empty where there is none. */
export function errorCode(error: unknown): string {
  return stringField(error, 'code');
}

export function errorName(error: unknown): string {
  return stringField(error, 'name');
}

/** At most 300 characters, on one line. */
export function errorMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll(/\s+/g, ' ').slice(0, 300);
}

export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function stringField(error: unknown, name: string): string {
  const value = field(error, name);
  return typeof value === 'string' ? value : '';
}
