/** The developer of the rehearsal: a clone with the repository's present content, in which the tour makes its commits. */
import { execFile } from 'node:child_process';
import { appendFile, cp, lstat, mkdir, readdir, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { git } from './git.ts';
import { RehearsalError } from './rehearsal-error.ts';
import type { Remote } from './remote.ts';
import type { Run } from './run.ts';

const execute = promisify(execFile);

export interface WorkingCopy {
  readonly path: string;
  /** The service's folder in it. */
  readonly service: string;
  /** The repository had changes that are in no commit; they are rehearsed too. */
  readonly isDirty: boolean;
  /** Commits all that was changed; returns the commit. */
  commit(message: string): Promise<string>;
  push(): Promise<void>;
  /** Brings the service's folder back to what it was at a commit. */
  restore(commit: string): Promise<void>;
  /** Takes what others pushed. */
  pull(): Promise<void>;
  head(): Promise<string>;
}

/** `serviceDirectory`: takes the place of `service/`. Throws `RehearsalError`. */
export async function createWorkingCopy(
  run: Run,
  remote: Remote,
  serviceDirectory: string | null,
): Promise<WorkingCopy> {
  const isDirty = await commitWorkingTree(run, remote);
  const path = join(run.directory.path, 'copy');
  await git(run, ['clone', '--quiet', '--branch', 'dev', remote.path, path], { cwd: run.directory.path });
  const service = join(path, 'service');
  const call = { cwd: path };
  const commit = async (message: string, added: readonly string[] = []): Promise<string> => {
    await git(run, ['add', '--all', ...added], call);
    await git(run, ['commit', '--quiet', '--no-verify', '--allow-empty', '--message', message], call);
    return git(run, ['rev-parse', 'HEAD'], call);
  };
  const push = async (): Promise<void> => {
    await git(run, ['push', '--quiet', 'origin', 'HEAD:dev'], call);
  };
  await linkShared(run, path);
  if (serviceDirectory !== null) {
    await replaceService(run, serviceDirectory, service);
    // What it ignores was left out already: the rest is its source, whatever this repository ignores.
    await commit(`feat(service): ${serviceDirectory}`, ['--force', 'service']);
    await push();
  }
  return {
    path,
    service,
    isDirty,
    commit: (message) => commit(message),
    push,
    async restore(commit) {
      await rm(service, { recursive: true, force: true });
      await git(run, ['checkout', '--quiet', commit, '--', 'service'], call);
    },
    async pull() {
      await git(run, ['pull', '--quiet', '--ff-only', 'origin', 'dev'], call);
    },
    head: () => git(run, ['rev-parse', 'HEAD'], call),
  };
}

/** The clone uses the repository's installed packages and cache; `node_modules/` in an ignore file does not cover a link. */
export async function linkShared(run: Run, clone: string): Promise<void> {
  await appendFile(join(clone, '.git', 'info', 'exclude'), '\n/node_modules\n/.slipway\n');
  await symlink(join(run.repository, 'node_modules'), join(clone, 'node_modules'));
  await mkdir(join(clone, '.slipway'));
  await symlink(run.directory.cache, join(clone, '.slipway', 'cache'));
}

/** Puts the working tree as it is on top of the remote's branches, and writes nothing into the repository. Returns whether it differs from HEAD. */
async function commitWorkingTree(run: Run, remote: Remote): Promise<boolean> {
  const call = { cwd: run.repository, variables: { GIT_INDEX_FILE: join(run.directory.temporary, 'index') } };
  const of = ['--git-dir', remote.path, '--work-tree', run.repository];
  await git(run, [...of, 'read-tree', 'dev'], call);
  await git(run, [...of, 'add', '--all'], call);
  const tree = await git(run, [...of, 'write-tree'], call);
  const isDirty = tree !== (await git(run, [...of, 'rev-parse', 'dev^{tree}'], call));
  if (isDirty) {
    const message = 'chore: what is in no commit yet';
    const commit = await git(run, [...of, 'commit-tree', tree, '-p', 'dev', '-m', message], call);
    await git(run, [...of, 'update-ref', 'refs/heads/dev', commit], call);
  }
  for (const branch of ['stage', 'prod']) await git(run, [...of, 'update-ref', `refs/heads/${branch}`, 'dev'], call);
  return isDirty;
}

async function replaceService(run: Run, from: string, to: string): Promise<void> {
  const source = resolve(from);
  await assertFile(join(source, 'package.json'), source);
  await rm(to, { recursive: true, force: true });
  for (const file of await filesOf(source, run)) {
    await mkdir(dirname(join(to, file)), { recursive: true });
    await cp(join(source, file), join(to, file), { verbatimSymlinks: true, recursive: true });
  }
}

/** What its own Git would commit; where it has none, everything but what is installed. */
async function filesOf(source: string, run: Run): Promise<readonly string[]> {
  const tracked = await execute('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: source,
    env: { ...run.variables },
    maxBuffer: 64 * 1024 * 1024,
  }).then(
    ({ stdout }) => stdout.split('\0').filter((file) => file !== ''),
    () => [],
  );
  const candidates = tracked.length > 0 ? tracked : await walk(source);
  const present = await Promise.all(candidates.map(async (file) => ((await exists(join(source, file))) ? [file] : [])));
  return present.flat();
}

async function walk(source: string): Promise<readonly string[]> {
  const names = await readdir(source);
  return names.filter((name) => name !== 'node_modules' && name !== '.git');
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function assertFile(file: string, source: string): Promise<void> {
  const found = await stat(file).catch(() => null);
  if (found?.isFile()) return;
  throw new RehearsalError('service-invalid', {
    tried: `taking the service of ${source}`,
    wrong: 'there is no package.json',
    todo: 'name the folder of a Node.js service: --service DIR',
  });
}
