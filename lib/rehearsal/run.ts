/** What every part of a running rehearsal needs: where it lives, what its children inherit, whom it tells, and when it must stop. */
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { buildSync } from 'esbuild';
import { closeRun, createRunDirectory, type RunDirectory } from './run-directory.ts';
import { runVariable } from './run-processes.ts';
import type { Story } from './story.ts';

/** Environment variables of a child process. */
export type Variables = Readonly<Record<string, string | undefined>>;

export interface Run {
  readonly repository: string;
  readonly directory: RunDirectory;
  /** For all children: nothing of the user's AWS settings, every temporary file and cache below `.slipway`. */
  readonly variables: Variables;
  readonly story: Story;
  /** Aborted by the user, and at the end of the run. */
  readonly signal: AbortSignal;
  /** What must be closed before the processes end and the directory goes; the last first. */
  atEnd(close: () => Promise<unknown>): void;
}

export interface RunInput {
  readonly repository: string;
  readonly variables: Variables;
  readonly story: Story;
  readonly signal: AbortSignal;
}

/** Makes the run, gives it to `body`, and leaves nothing of it, whatever happens; keeps the logs where `keepsLogs` says so or `body` throws. */
export async function withRun<T>(
  input: RunInput,
  body: (run: Run) => Promise<{ readonly value: T; readonly keepsLogs: boolean }>,
): Promise<T> {
  input.signal.throwIfAborted();
  const directory = await createRunDirectory(input.repository);
  const ending = new AbortController();
  const closers: (() => Promise<unknown>)[] = [];
  let keepsLogs = true;
  try {
    startWatchdog(directory);
    const result = await body({
      ...input,
      directory,
      variables: variablesOf(input.variables, directory),
      signal: AbortSignal.any([input.signal, ending.signal]),
      atEnd: (close) => closers.push(close),
    });
    keepsLogs = result.keepsLogs;
    return result.value;
  } finally {
    ending.abort(new Error('the rehearsal has ended'));
    await Promise.allSettled(closers.toReversed().map(async (close) => close()));
    const kept = await closeRun(directory.path, keepsLogs && !input.signal.aborted);
    if (kept) input.story.plain(`The logs are in ${kept}`);
  }
}

function variablesOf(inherited: Variables, { path, cache, temporary }: RunDirectory): Variables {
  const kept = Object.entries(inherited).filter(([name]) => !/^(AWS_|CDK_|MOTO_|SLIPWAY_|NODE_OPTIONS$)/.test(name));
  return {
    ...Object.fromEntries(kept),
    // Where Debian has HAProxy, and users who are not root do not look.
    PATH: [inherited['PATH'], '/usr/local/sbin', '/usr/sbin'].filter(Boolean).join(delimiter),
    [runVariable]: path,
    TMPDIR: temporary,
    CDK_HOME: join(path, 'cdk'),
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    CDK_DISABLE_VERSION_CHECK: 'true',
    npm_config_cache: join(cache, 'npm'),
    npm_config_update_notifier: 'false',
    PIP_CACHE_DIR: join(cache, 'pip'),
    PYTHONDONTWRITEBYTECODE: '1',
    // Of ts-node: it names its files after the script, which has another path in each run.
    V8_COMPILE_CACHE_CACHE_DIR: join(path, 'compiled'),
    GIT_TERMINAL_PROMPT: '0',
    NO_COLOR: '1',
  };
}

/** Bundled, because Node.js 20 reads no TypeScript, and small, because it only waits. */
function startWatchdog(directory: RunDirectory): void {
  const file = join(directory.path, 'watchdog.cjs');
  buildSync({
    entryPoints: [join(__dirname, 'watchdog.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
  });
  // Its working directory is the root, not the run's: it removes that one.
  const child = spawn(process.execPath, ['--max-old-space-size=32', file, directory.path], {
    cwd: '/',
    env: { [runVariable]: directory.path },
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  child.unref();
}
