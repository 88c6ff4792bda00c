/** One run of the command line: words in; text, JSON and an exit code out. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { documentLine } from './answer.ts';
import { describeError } from './describe-error.ts';
import { parse } from './parse.ts';
import { perform } from './perform.ts';
import { renderHelp } from './render/help.ts';
import { coloured, type Paint, plain } from './render/paint.ts';
import { createReporter } from './reporter.ts';
import type { CommandName, Request } from './requests.ts';
import type { ExitCode, Output, Shell } from './shell.ts';

export async function main(argv: readonly string[], shell: Shell): Promise<ExitCode> {
  const parsed = parse(argv);
  if (parsed.kind === 'run') return run(parsed.request, shell);
  if (parsed.kind === 'usage') return refuse(parsed.problem, parsed.command, shell);
  const text =
    parsed.kind === 'version'
      ? `${await readVersion(shell)}\n`
      : renderHelp(parsed.command, paintOf(shell.stdout, shell));
  shell.stdout.write(text);
  return 0;
}

async function run(request: Request, shell: Shell): Promise<ExitCode> {
  const isJson = 'json' in request && request.json;
  const paint = paintOf(shell.stdout, shell);
  const progress = createReporter({
    output: shell.stderr,
    isJson,
    paint: paintOf(shell.stderr, shell),
    now: () => shell.now(),
  });
  try {
    const answer = await perform(request, { shell, progress, paint });
    if (answer === null) return 0;
    shell.stdout.write(isJson ? documentLine(request.command, answer.document) : answer.picture(paint));
    return answer.exitCode;
  } catch (error) {
    const { code, message } = describeError(error, shell);
    if (code === 'usage') return refuse(message, request.command, shell);
    if (isJson) shell.stdout.write(documentLine(request.command, { error: { code, message } }));
    shell.stderr.write(`${paintOf(shell.stderr, shell)('red', 'slipway:')} ${message}\n`);
    return 1;
  }
}

function refuse(problem: string, command: CommandName | null, { stderr }: Shell): ExitCode {
  const help = ['slipway', command, '--help'].filter(Boolean).join(' ');
  stderr.write(`slipway: ${problem}\n  → ${help}\n`);
  return 2;
}

function paintOf({ isTerminal }: Output, { variables }: Shell): Paint {
  // https://no-color.org: any value but the empty one turns colour off.
  return isTerminal && !variables['NO_COLOR'] ? coloured : plain;
}

const packageSchema = v.object({ version: v.string() });

async function readVersion({ repository }: Shell): Promise<string> {
  const text = await readFile(join(repository, 'package.json'), 'utf8');
  const json: unknown = JSON.parse(text);
  return v.parse(packageSchema, json).version;
}
