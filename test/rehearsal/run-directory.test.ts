import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeRun, createRunDirectory } from '../../lib/rehearsal/run-directory.ts';
import { processesOf, startOf } from '../../lib/rehearsal/run-processes.ts';

let repository: string;

beforeEach(async () => {
  repository = await mkdtemp(join(tmpdir(), 's-'));
});

afterEach(async () => {
  await rm(repository, { recursive: true, force: true });
});

async function idle(options: { readonly cwd?: string; readonly env?: Record<string, string> }) {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6); console.log("up")'], {
    env: {},
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    ...options,
  });
  await once(child.stdout, 'data');
  return { pid: child.pid ?? 0, exited: once(child, 'exit') };
}

test('a run leaves neither its directory nor a process that was started with it, whatever that one started', async () => {
  const run = await createRunDirectory(repository);
  const host = join(run.path, 'h', 'a');
  await mkdir(host, { recursive: true });
  const marked = await idle({ env: { SLIPWAY_RUN: host } });
  const inside = await idle({ cwd: host });
  expect(new Set(processesOf(run.path))).toEqual(new Set([marked.pid, inside.pid]));
  expect(await closeRun(run.path, false)).toBeNull();
  await Promise.all([marked.exited, inside.exited]);
  expect(existsSync(run.path)).toBe(false);
});

test('one host of a run ends without the others', async () => {
  const run = await createRunDirectory(repository);
  const [a, b] = [join(run.path, 'h', 'a'), join(run.path, 'h', 'ab')];
  const [one, other] = [await idle({ env: { SLIPWAY_RUN: a } }), await idle({ env: { SLIPWAY_RUN: b } })];
  expect(processesOf(a)).toEqual([one.pid]);
  await closeRun(run.path, false);
  await Promise.all([one.exited, other.exited]);
});

test('a shell that a person opened in the working copy is not ended', async () => {
  const run = await createRunDirectory(repository);
  const copy = join(run.path, 'copy');
  await mkdir(copy);
  const shell = await idle({ cwd: copy });
  await closeRun(run.path, false);
  expect(startOf(shell.pid)).not.toBeNull();
  process.kill(shell.pid);
  await shell.exited;
});

test('what a killed run left is swept by the next one, and a living run is left alone', async () => {
  const living = await createRunDirectory(repository);
  const dead = await createRunDirectory(repository);
  await writeFile(join(dead.path, 'owner'), `${process.pid} 1\n`);
  const left = await idle({ env: { SLIPWAY_RUN: dead.path } });
  const next = await createRunDirectory(repository);
  await left.exited;
  const runs = await readdir(join(repository, '.slipway', 'runs'));
  expect(runs.toSorted()).toEqual([living.id, next.id].toSorted());
});

test('logs in which nothing was written are not kept, and not named', async () => {
  const run = await createRunDirectory(repository);
  await writeFile(join(run.logs, 'watchdog.log'), '');
  expect(await closeRun(run.path, true)).toBeNull();
  expect(existsSync(join(repository, '.slipway', 'logs'))).toBe(false);
});

test('the logs of a run that failed are kept beside the runs', async () => {
  const run = await createRunDirectory(repository);
  await writeFile(join(run.logs, 'emulator.log'), 'said');
  const kept = await closeRun(run.path, true);
  expect(await readFile(join(kept ?? '', 'emulator.log'), 'utf8')).toBe('said');
  expect(existsSync(run.path)).toBe(false);
});

test('a repository whose path leaves no room for unix sockets is refused before anything starts', async () => {
  const deep = join(repository, 'x'.repeat(80));
  await expect(createRunDirectory(deep)).rejects.toMatchObject({ code: 'path-too-long' });
});
