/** Runs one child process to its end: no shell, its own process group, killed as a whole when the call is aborted. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Variables } from './progress.ts';

export interface CommandOptions {
  readonly directory: string;
  readonly variables: Variables;
  readonly signal: AbortSignal;
  /** From SIGTERM to SIGKILL when the call is aborted; default 3,000. */
  readonly patienceMs?: number;
  /** Each line of either stream, as it comes. */
  readonly onLine?: (line: string) => void;
  /** Takes the standard output instead of `CommandResult.stdout`. */
  readonly onOutput?: (stdout: Readable) => Promise<void>;
}

export interface CommandResult {
  /** Null: the program could not be started, or a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  /** Both streams in the order they came, without empty lines. */
  readonly lines: readonly string[];
}

/** Enough for any message that a person will read; a longer output keeps its end. */
const maxLines = 2_000;

/** Resolves for any exit code. Throws the signal's reason when aborted. */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  options.signal.throwIfAborted();
  const child = spawn(program, args, {
    cwd: options.directory,
    env: { ...options.variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let force: NodeJS.Timeout | undefined;
  const stop = (): void => {
    killGroup(child, 'SIGTERM');
    force = setTimeout(() => killGroup(child, 'SIGKILL'), options.patienceMs ?? 3_000);
  };
  options.signal.addEventListener('abort', stop, { once: true });
  try {
    const ended = exitOf(child);
    const lines: string[] = [];
    const [stdout] = await Promise.all([
      readOutput(child.stdout, options, lines),
      readLines(child.stderr, options, lines),
      ended,
    ]);
    options.signal.throwIfAborted();
    return { exitCode: await ended, stdout, lines };
  } finally {
    options.signal.removeEventListener('abort', stop);
    clearTimeout(force);
    killGroup(child, 'SIGKILL');
  }
}

/** What a person needs of a failed command: its last lines. */
export function lastLines({ lines }: CommandResult, count = 12): string {
  return lines.slice(-count).join('\n');
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code));
  });
}

async function readOutput(stream: Readable, options: CommandOptions, lines: string[]): Promise<string> {
  if (options.onOutput) {
    await options.onOutput(stream);
    return '';
  }
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await readLines(stream, options, lines);
  return Buffer.concat(chunks).toString('utf8');
}

async function readLines(stream: Readable, { onLine }: CommandOptions, lines: string[]): Promise<void> {
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
    if (line.trim() === '') continue;
    lines.push(line);
    if (lines.length > maxLines) lines.shift();
    onLine?.(line);
  }
}

/** npm and the CDK CLI have children of their own. */
function killGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone already, which is what was wanted.
  }
}
