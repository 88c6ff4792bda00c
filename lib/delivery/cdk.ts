/** Runs the repository's own CDK CLI as a child process, quiet about itself, without a prompt. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandResult, runCommand } from './command.ts';
import { DeliveryError } from './delivery-error.ts';
import type { Call, ProgressStep, Variables } from './progress.ts';

export interface CdkOptions extends Call {
  readonly repository: string;
  readonly variables: Variables;
  /** What the CLI says of stacks is told as progress of that step. */
  readonly step: ProgressStep;
}

/** Of the CLI's many lines, those that tell how a stack gets on. */
const telling = /deploying\.\.\.|^ ?[✅❌]|no changes|_FAILED|ROLLBACK|error/iu;

const quiet = {
  NODE_NO_WARNINGS: '1',
  CDK_DISABLE_CLI_TELEMETRY: 'true',
  CDK_DISABLE_VERSION_CHECK: 'true',
  NO_COLOR: '1',
  FORCE_COLOR: '0',
};

export async function runCdk(args: readonly string[], options: CdkOptions): Promise<CommandResult> {
  const cli = join(options.repository, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  await access(cli).catch((cause: unknown) => {
    const wrong = `'${options.repository}' has no node_modules/aws-cdk`;
    throw new DeliveryError(
      'synth-failed',
      { tried: 'starting the CDK CLI', wrong, todo: 'run `npm ci` there' },
      { cause },
    );
  });
  return runCommand(process.execPath, [cli, ...args, '--no-notices', '--no-color'], {
    directory: options.repository,
    variables: { ...options.variables, ...quiet },
    signal: options.signal,
    onLine: (line) => {
      if (telling.test(line)) options.progress({ step: options.step, message: line.trim() });
    },
  });
}

/** The lines of a failed run that name what failed; all of its last ones where none does. */
export function failureLines({ lines }: CommandResult): string {
  const telling = lines.filter((line) => /❌|error|fail|denied|cannot|not authorized|invalid/i.test(line));
  return (telling.length > 0 ? telling : lines).slice(-8).join('\n');
}
