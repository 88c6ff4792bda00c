/** Git for the rehearsal's own repositories: nobody's hooks, signatures or editors. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { RehearsalError } from './rehearsal-error.ts';
import type { Run, Variables } from './run.ts';

const execute = promisify(execFile);
const maxOutputBytes = 64 * 1024 * 1024;
const timeoutMs = 60_000;

const identity: Variables = {
  GIT_AUTHOR_NAME: 'Rehearsal',
  GIT_AUTHOR_EMAIL: 'rehearsal@localhost',
  GIT_COMMITTER_NAME: 'Rehearsal',
  GIT_COMMITTER_EMAIL: 'rehearsal@localhost',
};
const settings = ['-c', 'core.hooksPath=/dev/null', '-c', 'commit.gpgSign=false', '-c', 'init.defaultBranch=dev'];

export interface GitCall {
  readonly cwd: string;
  /** In addition to the run's. */
  readonly variables?: Variables;
}

/** What it prints, without the last line break. Throws `RehearsalError`. */
export async function git(run: Run, args: readonly string[], { cwd, variables }: GitCall): Promise<string> {
  try {
    const { stdout } = await execute('git', [...settings, ...args], {
      cwd,
      env: { ...run.variables, ...identity, ...variables },
      signal: run.signal,
      timeout: timeoutMs,
      maxBuffer: maxOutputBytes,
    });
    return stdout.replace(/\n$/, '');
  } catch (cause) {
    run.signal.throwIfAborted();
    throw new RehearsalError(
      'git-failed',
      { tried: `git ${args.join(' ')} in ${cwd}`, wrong: complaintOf(cause), todo: 'see what Git says' },
      { cause },
    );
  }
}

function complaintOf(cause: unknown): string {
  if (typeof cause === 'object' && cause !== null && 'stderr' in cause && cause.stderr !== '') {
    return String(cause.stderr).trim().split('\n').slice(-3).join(' ');
  }
  return cause instanceof Error ? cause.message : String(cause);
}
