/** Deploys what is pushed to `dev`, one push after the other, as a pipeline would: with the real command line, in a clone of its own. */
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import type { Platform } from '../contract/runtime-pins.ts';
import type { Assemblies } from './assemblies.ts';
import { type Exit, run as runProgram } from './child-process.ts';
import { git } from './git.ts';
import type { Push, Remote } from './remote.ts';
import type { Run, Variables } from './run.ts';
import { linkShared } from './working-copy.ts';

export interface CommandResult {
  readonly exit: Exit;
  /** The one document that the command printed: its answer, or its error; null: none. */
  readonly output: unknown;
  /** Why it could not do its work; empty: it could, or did not say. */
  readonly complaint: string;
}

export interface DeployResult extends CommandResult {
  readonly commit: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
}

export interface Runner {
  /** As if it had just been pushed. */
  take(push: Push): void;
  /** The end of each deployment, from now on. */
  onEnd(listener: (result: DeployResult) => void): void;
  isBusy(): boolean;
  /** The end of the deployment of a commit, past or coming. */
  deployed(commit: string): Promise<DeployResult>;
}

export interface RunnerOptions {
  readonly remote: Remote;
  /** In which it works. */
  readonly clone: string;
  readonly assemblies: Assemblies;
  readonly environment: string;
  readonly platform: Platform;
  /** Where AWS is. */
  readonly variables: Variables;
  readonly onStart?: (push: Push) => void;
  /** What a command says while it works. */
  readonly onProgress?: (message: string) => void;
}

/** Throws `RehearsalError`. */
export async function cloneForRunner(run: Run, remote: Remote): Promise<string> {
  const clone = join(run.directory.path, 'ci');
  await git(run, ['clone', '--quiet', '--branch', 'dev', remote.path, clone], { cwd: run.directory.path });
  await linkShared(run, clone);
  return clone;
}

export function startRunner(run: Run, options: RunnerOptions): Runner {
  const ended = new Map<string, Promise<DeployResult>>();
  const news = new EventEmitter().setMaxListeners(0);
  let waiting = 0;
  let queue: Promise<unknown> = Promise.resolve();
  const take = (push: Push): void => {
    if (push.branch !== 'dev') {
      run.story.say(`${push.commit.slice(0, 7)} pushed to ${push.branch}: only dev has machines in this rehearsal`);
      return;
    }
    waiting += 1;
    const end = queue.then(async () => deploy(run, push, options)).finally(() => (waiting -= 1));
    ended.set(push.commit, end);
    news.emit('taken');
    queue = end.then(
      (result) => void news.emit('end', result),
      () => undefined,
    );
  };
  options.remote.onPush(take);
  return {
    take,
    onEnd: (listener) => void news.on('end', listener),
    isBusy: () => waiting > 0,
    async deployed(commit) {
      for (;;) {
        const end = ended.get(commit);
        if (end) return end;
        await once(news, 'taken', { signal: run.signal });
      }
    },
  };
}

async function deploy(run: Run, push: Push, options: RunnerOptions): Promise<DeployResult> {
  const { clone, assemblies } = options;
  const startedAt = Date.now();
  options.onStart?.(push);
  await git(run, ['fetch', '--quiet', 'origin'], { cwd: clone });
  await git(run, ['checkout', '--quiet', '--force', '--detach', push.commit], { cwd: clone });
  const assembly = await assemblies.of(clone);
  const args = ['deploy', ...target(options), '--assembly', assembly.directory];
  const result = await slipway(run, clone, args, options);
  return { ...result, commit: push.commit, startedAt, endedAt: Date.now() };
}

/** Of a command that builds or deploys. */
export function target({ environment, platform }: Pick<RunnerOptions, 'environment' | 'platform'>): readonly string[] {
  return ['--environment', environment, '--platform', platform, '--json'];
}

/** Runs the command line of a clone. */
export async function slipway(
  run: Run,
  clone: string,
  args: readonly string[],
  { variables, onProgress }: Pick<RunnerOptions, 'variables' | 'onProgress'>,
): Promise<CommandResult> {
  let printed = '';
  const complaints: string[] = [];
  const listen = lines((line) => {
    const message = progressOf(line);
    if (message === null) complaints.push(line);
    else onProgress?.(message);
  });
  const exit = await runProgram(
    {
      name: `slipway-${args[0] ?? ''}`,
      command: process.execPath,
      args: [join(clone, 'bin', 'slipway.cjs'), ...args],
      cwd: clone,
      variables,
      onOutput: (text) => (printed += text),
      onError: listen,
    },
    run.directory.logs,
    run.signal,
  );
  const output = parse(printed);
  return { exit, output, complaint: errorOf(output) ?? complaints.findLast((line) => line.trim() !== '') ?? '' };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Progress comes as JSON lines; whatever else is said is for people. */
function progressOf(line: string): string | null {
  const value = line.startsWith('{') ? parse(line) : null;
  if (typeof value !== 'object' || value === null || !('message' in value) || 'error' in value) return null;
  return String(value.message);
}

/** A command that could not do its work prints `{"error": {"code", "message"}}`. */
function errorOf(output: unknown): string | null {
  if (typeof output !== 'object' || output === null || !('error' in output)) return null;
  const { error } = output;
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : null;
}

function lines(take: (line: string) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const parts = `${rest}${text}`.split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) take(line);
  };
}
