/** What a person reads of an error: known ones say what to do; for the others there is a way to see where they arose. */
import type { Shell } from './shell.ts';

export interface Described {
  readonly code: string;
  readonly message: string;
}

export function describeError(error: unknown, { signal, variables }: Pick<Shell, 'signal' | 'variables'>): Described {
  if (signal.aborted)
    return { code: 'aborted', message: 'stopped before it was done; run it again to do what is left' };
  if (!(error instanceof Error)) return { code: 'unexpected', message: String(error) };
  const code = knownCode(error);
  if (code !== undefined) return { code, message: error.message };
  const where = variables['SLIPWAY_DEBUG'] ? `\n${error.stack ?? ''}` : '\n  → SLIPWAY_DEBUG=1 shows where it arose';
  return { code: 'unexpected', message: `${error.name}: ${error.message}${where}` };
}

/** Our error classes have codes in lower case; those of Node.js (`ENOENT`) and of the AWS SDK are not meant for people. */
function knownCode(error: Error): string | undefined {
  if (!('code' in error) || typeof error.code !== 'string') return undefined;
  return /^[a-z][a-z-]*$/.test(error.code) ? error.code : undefined;
}
