/** The remote of the rehearsal: a bare repository whose branches tell when they were pushed to. */
import { statSync, watch } from 'node:fs';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { git } from './git.ts';
import { RehearsalError } from './rehearsal-error.ts';
import type { Run } from './run.ts';

/** What `git push` runs at its end: one line per branch, where the rehearsal reads it. */
const hook = '#!/bin/sh\nexec cat >>pushes\n';

/** A lost event of the file system must not lose a push. */
const lookEveryMs = 300;

export interface Push {
  readonly branch: string;
  readonly commit: string;
}

export interface Remote {
  readonly path: string;
  /** Every push from now on, in its order. */
  onPush(listener: (push: Push) => void): void;
}

/** Its `dev` is at the repository's HEAD. Throws `RehearsalError`. */
export async function createRemote(run: Run): Promise<Remote> {
  const head = await headOf(run);
  const path = join(run.directory.path, 'remote.git');
  await mkdir(path);
  const cwd = { cwd: path };
  await git(run, ['init', '--quiet', '--bare'], cwd);
  await borrowObjects(run, path);
  await git(run, ['update-ref', 'refs/heads/dev', head], cwd);
  await git(run, ['config', 'receive.shallowUpdate', 'true'], cwd);
  // Stronger than hooks that the user has for all repositories.
  await git(run, ['config', 'core.hooksPath', join(path, 'hooks')], cwd);
  await mkdir(join(path, 'hooks'), { recursive: true });
  await writeFile(join(path, 'hooks', 'post-receive'), hook, { mode: 0o755 });
  await writeFile(join(path, 'pushes'), '');
  // Whatever the repository ignores: no run becomes part of what is rehearsed.
  await mkdir(join(path, 'info'), { recursive: true });
  await writeFile(join(path, 'info', 'exclude'), '/.slipway/\n/node_modules\n');
  return { path, onPush: (listener) => follow(join(path, 'pushes'), listener, run.signal) };
}

/** Reads the repository's objects where they are: copying a long history takes seconds. Where it was cloned without its history stays known. */
async function borrowObjects(run: Run, path: string): Promise<void> {
  const inRepository = async (name: string): Promise<string> =>
    resolve(run.repository, await git(run, ['rev-parse', '--git-path', name], { cwd: run.repository }));
  await writeFile(join(path, 'objects', 'info', 'alternates'), `${await inRepository('objects')}\n`);
  const shallow = await readFile(await inRepository('shallow'), 'utf8').catch(() => null);
  if (shallow !== null) await writeFile(join(path, 'shallow'), shallow);
}

async function headOf(run: Run): Promise<string> {
  try {
    return await git(run, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { cwd: run.repository });
  } catch (cause) {
    run.signal.throwIfAborted();
    throw new RehearsalError(
      'not-a-repository',
      {
        tried: `reading ${run.repository}`,
        wrong: 'it is no Git repository with a commit',
        todo: 'clone Slipway with git, or: git init && git add . && git commit -m "first"',
      },
      { cause },
    );
  }
}

function follow(file: string, listener: (push: Push) => void, signal: AbortSignal): void {
  let offset = statSync(file).size;
  let reading = Promise.resolve();
  const read = async (): Promise<void> => {
    const { text, end } = await readFrom(file, offset);
    offset = end;
    for (const push of parsePushes(text)) listener(push);
  };
  const look = (): void => {
    // The file goes with the run: a last look may find it gone.
    reading = reading.then(read).catch(() => undefined);
  };
  const watcher = watch(file, look);
  watcher.on('error', () => undefined);
  const timer = setInterval(look, lookEveryMs);
  signal.addEventListener('abort', () => (watcher.close(), clearInterval(timer)), { once: true });
}

/** Whole lines only: the hook may be writing. */
async function readFrom(file: string, offset: number): Promise<{ readonly text: string; readonly end: number }> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.max(0, size - offset));
    await handle.read(buffer, 0, buffer.length, offset);
    const length = buffer.lastIndexOf('\n') + 1;
    return { text: buffer.toString('utf8', 0, length), end: offset + length };
  } finally {
    await handle.close();
  }
}

/** `<old> <new> refs/heads/<branch>`; a deleted branch has a new commit of zeros. */
function parsePushes(text: string): readonly Push[] {
  return text.split('\n').flatMap((line) => {
    const [, commit, branch] = /^[0-9a-f]+ ([0-9a-f]+) refs\/heads\/(.+)$/.exec(line) ?? [];
    return commit === undefined || branch === undefined || /^0+$/.test(commit) ? [] : [{ branch, commit }];
  });
}
