/** Tells one process from a later one that got the same number: by number and start time. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { whole } from '../../contract/fields.ts';
import { errorCode } from './error-facts.ts';

export const processIdentitySchema = v.strictObject({
  pid: whole(2, 2 ** 31),
  /** As the kernel counts it, in any unit; only equality means something. */
  startedAt: v.string('must be a string'),
});

export type ProcessIdentity = v.InferOutput<typeof processIdentitySchema>;

/** Null: there is no such process, or it has ended and only waits to be collected. */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const startedAt = process.platform === 'linux' ? await linuxStart(pid) : await portableStart(pid);
  return startedAt === null ? null : { pid, startedAt };
}

export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.startedAt === identity.startedAt;
}

/** Signals a process group; false: nobody is in it. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false;
    // On some systems a group of nothing but ended processes.
    if (errorCode(error) === 'EPERM') return false;
    throw error;
  }
}

/** The process whose environment holds exactly this variable; null: none, or this system does not say. */
export async function findByVariable(name: string, value: string): Promise<ProcessIdentity | null> {
  if (process.platform !== 'linux') return null;
  const wanted = `${name}=${value}`;
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  for (const pid of pids.sort((a, b) => a - b)) {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    // The process itself has the lowest number; its children have inherited the variable.
    if (environment.split('\0').includes(wanted)) return identify(pid);
  }
  return null;
}

async function linuxStart(pid: number): Promise<string | null> {
  let stat: string;
  try {
    stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // proc(5): the name, in parentheses, may hold anything; after it the state is field 3, the start time field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  return state === 'Z' || state === 'X' ? null : (fields[19] ?? null);
}

function portableStart(pid: number): Promise<string | null> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { timeout: 5_000 }, (error, stdout) => {
      const [state, ...started] = stdout.trim().split(/\s+/);
      resolve(error || !state || state.startsWith('Z') ? null : started.join(' '));
    });
  });
}
