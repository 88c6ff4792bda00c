/** Starts and ends processes that live longer than the agent, each the leader of its own process group. */
import { spawn } from 'node:child_process';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../ports.ts';
import { AdapterError } from './adapter-error.ts';
import { errorCode } from './error-facts.ts';
import { identify, isAlive, type ProcessIdentity, signalGroup } from './process-identity.ts';

export interface DetachedProgram {
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  /** All of it: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** Gets what the program writes; the one before is kept beside it. */
  readonly logFile: string;
}

export interface ExitNote {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Rejects with the error of the system when the program cannot be started. */
export async function startDetached(
  { program, args, directory, environment, logFile }: DetachedProgram,
  onExit: (exit: ExitNote) => void,
): Promise<ProcessIdentity> {
  const log = await freshLog(logFile);
  try {
    const child = spawn(program, args, {
      cwd: directory,
      env: environment,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', () => resolve(child.pid ?? 0));
      child.once('exit', (code, signal) => onExit({ code, signal }));
    });
    child.unref();
    // Gone already: the identity must still be one that no later process has.
    return (await identify(pid)) ?? { pid, startedAt: 'gone' };
  } finally {
    await log.close();
  }
}

export interface EndProps {
  readonly clock: Clock;
  /** From SIGTERM to SIGKILL. */
  readonly timeoutMs: number;
}

const pollMs = 20;
/** A process that SIGKILL does not end in this time hangs in the kernel. */
const killTimeoutMs = 10_000;
/** Ended children of a dead leader may wait to be collected by a slow init. */
const groupTimeoutMs = 1_000;

/** Ends the process and all that it started. Resolves when it is gone. */
export async function endProcess(identity: ProcessIdentity, { clock, timeoutMs }: EndProps): Promise<void> {
  if (await isAlive(identity)) {
    signalGroup(identity.pid, 'SIGTERM');
    if (!(await gone(() => isAlive(identity), timeoutMs, clock))) signalGroup(identity.pid, 'SIGKILL');
    if (!(await gone(() => isAlive(identity), killTimeoutMs, clock))) {
      throw new AdapterError('process-survived', `stop process ${identity.pid}: it is still there after SIGKILL`);
    }
  } else if ((await identify(identity.pid)) !== null) {
    // The number belongs to somebody else now, and so may the group.
    return;
  }
  // What the leader left behind.
  if (!signalGroup(identity.pid, 'SIGKILL')) return;
  await gone(() => Promise.resolve(signalGroup(identity.pid, 0)), groupTimeoutMs, clock);
}

async function gone(isThere: () => Promise<boolean>, timeoutMs: number, clock: Clock): Promise<boolean> {
  const deadline = clock.monotonicMs() + timeoutMs;
  const never = new AbortController().signal;
  while (await isThere()) {
    if (clock.monotonicMs() >= deadline) return false;
    await clock.sleep(pollMs, never);
  }
  return true;
}

/** Appending: the file can be cut while the program writes, and the next line starts at its new end. */
async function freshLog(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await rename(path, `${path}.1`).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
  });
  return open(path, 'a', 0o600);
}
