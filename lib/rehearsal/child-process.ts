/** Starts programs of the run: each in a process group of its own, its output in a log file, ended with the run. */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Variables } from './run.ts';

export interface Program {
  /** Name of its log file. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly variables: Variables;
  /** Takes the standard output instead of the log file. */
  readonly onOutput?: (text: string) => void;
  /** Takes the standard error, beside the log file. */
  readonly onError?: (text: string) => void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What the system said when it could not be started; null: it was. */
  readonly error: NodeJS.ErrnoException | null;
}

export interface Running {
  readonly pid: number | undefined;
  readonly logFile: string;
  readonly exited: Promise<Exit>;
  /** Null while it runs. */
  readonly exit: () => Exit | null;
  /** Kills the whole group; resolves when the program is gone. */
  kill(): Promise<void>;
}

export function start(program: Program, logs: string): Running {
  const logFile = join(logs, `${program.name}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn(program.command, program.args, {
    cwd: program.cwd,
    env: { ...program.variables },
    // An own group: Ctrl-C reaches the rehearsal only, which ends its children in its own order.
    detached: true,
    stdio: ['ignore', program.onOutput ? 'pipe' : log, program.onError ? 'pipe' : log],
  });
  closeSync(log);
  child.stdout?.setEncoding('utf8').on('data', (text: string) => program.onOutput?.(text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    appendFileSync(logFile, text);
    program.onError?.(text);
  });
  let ended: Exit | null = null;
  const exited = new Promise<Exit>((resolve) => {
    const end = (exit: Exit): void => {
      ended ??= exit;
      resolve(ended);
    };
    child.once('error', (error) => end({ code: null, signal: null, error }));
    child.once('close', (code, signal) => end({ code, signal, error: null }));
  });
  return { pid: child.pid, logFile, exited, exit: () => ended, kill: () => killGroup(child, exited) };
}

/** Runs to the end; the signal kills it. */
export async function run(program: Program, logs: string, signal: AbortSignal): Promise<Exit> {
  signal.throwIfAborted();
  const running = start(program, logs);
  const abort = (): void => void running.kill();
  signal.addEventListener('abort', abort, { once: true });
  try {
    const exit = await running.exited;
    signal.throwIfAborted();
    return exit;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** The last lines of a log, for a message. */
export function lastLines(file: string, count: number): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
}

async function killGroup(child: ChildProcess, exited: Promise<Exit>): Promise<void> {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
  await exited;
}
