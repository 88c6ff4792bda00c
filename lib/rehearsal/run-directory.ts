/** Everything of one run lives in `.slipway/runs/<id>`; what runs may share lives in `.slipway/cache`. */
import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RehearsalError } from './rehearsal-error.ts';
import { endProcessesOf, startOf } from './run-processes.ts';

/** `sun_path` of Linux holds 108 bytes, the last of them zero. */
const maxSocketPath = 107;
/** The longest path of a socket below a run's directory: the agent's and the proxy's, with a suffix for the moment of creation. */
const longestSocket = 'h/99/run/haproxy-master.sock.tmp12';
/** A run that has just made its directory may not have signed it yet. */
const unsignedForMs = 10_000;
/** Runs whose logs are kept. */
const keptLogs = 5;

export interface RunDirectory {
  readonly id: string;
  readonly path: string;
  readonly logs: string;
  readonly cache: string;
  /** For temporary files of all children. */
  readonly temporary: string;
}

const ownerFile = 'owner';

/** Sweeps what dead runs left, and makes a new directory. Throws `RehearsalError`. */
export async function createRunDirectory(repository: string): Promise<RunDirectory> {
  const runs = join(repository, '.slipway', 'runs');
  await mkdir(runs, { recursive: true });
  await sweepDeadRuns(runs);
  const id = randomBytes(2).toString('hex');
  const path = join(runs, id);
  const bytes = Buffer.byteLength(join(path, longestSocket));
  if (bytes > maxSocketPath) {
    throw new RehearsalError('path-too-long', {
      tried: `making ${path}`,
      wrong: `its unix sockets would have paths of ${bytes} bytes, and the system takes ${maxSocketPath}`,
      todo: 'rehearse in a copy of the repository with a shorter path',
    });
  }
  await mkdir(path);
  await writeFile(join(path, ownerFile), `${process.pid} ${startOf(process.pid)}\n`);
  const directory = {
    id,
    path,
    logs: join(path, 'logs'),
    temporary: join(path, 'tmp'),
    cache: join(repository, '.slipway', 'cache'),
  };
  for (const made of [directory.logs, directory.temporary, directory.cache]) await mkdir(made, { recursive: true });
  return directory;
}

/** Ends all processes of the run and removes its directory. Returns where the logs are, if they are kept. */
export async function closeRun(path: string, keepsLogs: boolean): Promise<string | null> {
  await endProcessesOf(path);
  const kept = keepsLogs ? await keepLogs(path) : null;
  await rm(path, { recursive: true, force: true, maxRetries: 5 });
  return kept;
}

/** Those of the last failures only. */
async function keepLogs(path: string): Promise<string | null> {
  const logs = join(path, 'logs');
  if (!existsSync(logs)) return null;
  const written = (await readdir(logs)).filter((name) => statSync(join(logs, name)).size > 0);
  if (written.length === 0) return null;
  const all = join(path, '..', '..', 'logs');
  const kept = join(all, basename(path));
  await mkdir(all, { recursive: true });
  await rm(kept, { recursive: true, force: true });
  await rename(logs, kept);
  const byAge = (await readdir(all))
    .map((name) => ({ name, at: statSync(join(all, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  for (const { name } of byAge.slice(keptLogs)) await rm(join(all, name), { recursive: true, force: true });
  return kept;
}

async function sweepDeadRuns(runs: string): Promise<void> {
  for (const name of await readdir(runs)) {
    const path = join(runs, name);
    if (!(await isAlive(path))) await closeRun(path, false);
  }
}

async function isAlive(path: string): Promise<boolean> {
  try {
    const [pid, start] = (await readFile(join(path, ownerFile), 'utf8')).trim().split(' ');
    return startOf(Number(pid)) === start;
  } catch {
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return Date.now() - made < unsignedForMs;
  }
}
