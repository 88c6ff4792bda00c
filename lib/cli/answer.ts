/** What a command answers: one document for machines, one picture of it for people. */
import type { Paint } from './render/paint.ts';
import type { CommandName } from './requests.ts';
import type { ExitCode } from './shell.ts';

export interface Answer {
  /** Printed by `--json`, after `schema` and `command`. */
  readonly document: object;
  readonly picture: (paint: Paint) => string;
  readonly exitCode: Exclude<ExitCode, 2>;
}

/** One line, so that several of them are JSON lines. */
export function documentLine(command: CommandName, document: object): string {
  return `${JSON.stringify({ schema: 1, command, ...document })}\n`;
}
