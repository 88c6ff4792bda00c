/** Tells progress while it happens: lines for people, JSON lines for machines. No cursor is moved, so that it reads the same in a log. */
import type { Progress } from '../delivery/progress.ts';
import { printable } from './render/layout.ts';
import type { Paint } from './render/paint.ts';
import type { Output } from './shell.ts';

export interface ReporterOptions {
  readonly output: Output;
  readonly isJson: boolean;
  readonly paint: Paint;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function createReporter({ output, isJson, paint, now }: ReporterOptions): Progress {
  const startedAt = now();
  if (isJson) {
    return ({ step, message, fields }) => {
      const at = new Date(now()).toISOString();
      output.write(`${JSON.stringify({ at, step, message, fields: fields ?? {} })}\n`);
    };
  }
  return ({ step, message }) => {
    const seconds = ((now() - startedAt) / 1_000).toFixed(1).padStart(6);
    output.write(`${paint('dim', `${seconds} s`)}  ${paint('cyan', step.padEnd(8))} ${printable(message)}\n`);
  };
}
