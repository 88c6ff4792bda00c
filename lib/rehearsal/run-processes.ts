/** Finds and ends every process of a run, also those that outlive who started them: whatever runs below the run's directory, or was started with it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Below a run's directory: one folder for each host. */
export const hostsFolder = 'h/';

const roundMs = 50;
/** A killed process that waits for the disk may need a while. */
const maxRounds = 200;

/** The environment variable by which a process says to which run it belongs: the run's directory. */
export const runVariable = 'SLIPWAY_RUN';

/**
 * Ids of all processes of a run, or of one host of it; the caller's own is left out. A process belongs to it that says so in its environment, whose program
 * is one that a host unpacked, that works in a host's directory, or that shares the session of such a one. A shell that a person opened
 * in the working copy does not.
 */
export function processesOf(directory: string): readonly number[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && startOf(pid) !== null);
  const own = new Set(all.filter((pid) => belongsTo(pid, directory)));
  return all.filter((pid) => own.has(pid) || own.has(sessionOf(pid)));
}

/** Kills until none is left: a dying process may just have started another. */
export async function endProcessesOf(directory: string): Promise<void> {
  for (let round = 0; round < maxRounds; round += 1) {
    const pids = processesOf(directory);
    if (pids.length === 0) return;
    for (const pid of pids) kill(pid);
    await sleep(roundMs);
  }
  throw new Error(`ending the processes of ${directory}: some do not end: ${processesOf(directory).join(' ')}`);
}

/** When the process started, in clock ticks since boot: with the id, a name that is never used twice. Null: there is no such process. */
export function startOf(pid: number): string | null {
  const [state, ...rest] = statOf(pid);
  const isGone = state === undefined || state === 'Z' || state === 'X';
  return isGone ? null : (rest[18] ?? null);
}

function sessionOf(pid: number): number {
  return Number(statOf(pid)[3] ?? 0);
}

/** The fields of `stat` from the third (the state) on; none for a process that is gone. The name before them may hold anything. */
function statOf(pid: number): readonly string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat === '' ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function belongsTo(pid: number, directory: string): boolean {
  if (link(`/proc/${pid}/exe`).startsWith(`${directory}/`)) return true;
  if (link(`/proc/${pid}/cwd`).startsWith(`${directory}/${isHost(directory) ? '' : hostsFolder}`)) return true;
  const mark = `${runVariable}=${directory}`;
  return read(`/proc/${pid}/environ`)
    .split('\0')
    .some((variable) => variable === mark || variable.startsWith(`${mark}/`));
}

function isHost(directory: string): boolean {
  return basename(dirname(directory)) === 'h';
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone between the look and the kill: what was wanted.
  }
}

/** What cannot be read belongs to another user, or to nobody any more. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function link(file: string): string {
  try {
    return readlinkSync(file).replace(/ \(deleted\)$/, '');
  } catch {
    return '';
  }
}
