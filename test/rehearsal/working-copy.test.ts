import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemote, type Push } from '../../lib/rehearsal/remote.ts';
import type { Run } from '../../lib/rehearsal/run.ts';
import { createRunDirectory } from '../../lib/rehearsal/run-directory.ts';
import { createStory } from '../../lib/rehearsal/story.ts';
import { createWorkingCopy } from '../../lib/rehearsal/working-copy.ts';

let repository: string;
let elsewhere: string;
let run: Run;
let stop: AbortController;

function git(cwd: string, ...args: readonly string[]): string {
  const settings = ['-c', 'user.name=T', '-c', 'user.email=t@example.com', '-c', 'init.defaultBranch=dev'];
  return execFileSync('git', [...settings, ...args], { cwd, encoding: 'utf8' }).trim();
}

beforeEach(async () => {
  repository = await mkdtemp(join(tmpdir(), 's-'));
  elsewhere = await mkdtemp(join(tmpdir(), 's-'));
  await mkdir(join(repository, 'service'));
  await mkdir(join(repository, 'node_modules'));
  await writeFile(join(repository, '.gitignore'), 'node_modules/\ndist/\n.slipway/\n');
  await writeFile(join(repository, 'service', 'package.json'), '{"main":"a.js"}');
  await writeFile(join(repository, 'service', 'a.js'), 'committed');
  git(repository, 'init', '--quiet');
  git(repository, 'add', '--all');
  git(repository, 'commit', '--quiet', '--message', 'first');
  stop = new AbortController();
  run = {
    repository,
    directory: await createRunDirectory(repository),
    variables: { PATH: process.env['PATH'] },
    story: createStory(() => undefined),
    signal: stop.signal,
    atEnd: () => undefined,
  };
});

afterEach(async () => {
  stop.abort();
  await rm(repository, { recursive: true, force: true });
  await rm(elsewhere, { recursive: true, force: true });
});

const fileOf = (path: string, ...parts: readonly string[]) => readFile(join(path, ...parts), 'utf8');

test('a clean repository is rehearsed at its own commit, so that a push from it needs no force', async () => {
  const copy = await createWorkingCopy(run, await createRemote(run), null);
  expect([copy.isDirty, await copy.head()]).toEqual([false, git(repository, 'rev-parse', 'HEAD')]);
});

test('what is in no commit yet is rehearsed too, and the repository stays as it is', async () => {
  await writeFile(join(repository, 'service', 'a.js'), 'edited');
  await writeFile(join(repository, 'service', 'new.js'), 'new');
  const before = git(repository, 'status', '--porcelain');
  const copy = await createWorkingCopy(run, await createRemote(run), null);
  expect(copy.isDirty).toBe(true);
  expect([await fileOf(copy.service, 'a.js'), await fileOf(copy.service, 'new.js')]).toEqual(['edited', 'new']);
  expect(git(copy.path, 'status', '--porcelain')).toBe('');
  expect(git(repository, 'status', '--porcelain')).toBe(before);
  expect(git(repository, 'count-objects')).toBe(git(repository, 'count-objects'));
});

test('a push to dev is told with its commit', async () => {
  const remote = await createRemote(run);
  const copy = await createWorkingCopy(run, remote, null);
  const told = new Promise<Push>((resolve) => {
    remote.onPush(resolve);
  });
  await writeFile(join(copy.service, 'a.js'), 'changed');
  const commit = await copy.commit('feat: change');
  await copy.push();
  expect(await told).toEqual({ branch: 'dev', commit });
});

test('a service of another folder takes the place of service/, without what is installed, with what this repository ignores', async () => {
  const other = join(elsewhere, 'other');
  await mkdir(join(other, 'dist'), { recursive: true });
  await mkdir(join(other, 'node_modules', 'x'), { recursive: true });
  await writeFile(join(other, 'package.json'), '{"main":"dist/b.js"}');
  await writeFile(join(other, 'dist', 'b.js'), 'other');
  const remote = await createRemote(run);
  const copy = await createWorkingCopy(run, remote, other);
  expect(git(remote.path, 'rev-parse', 'dev')).toBe(await copy.head());
  expect(git(copy.path, 'ls-files', 'service').split('\n')).toEqual(['service/dist/b.js', 'service/package.json']);
  expect(existsSync(join(copy.service, 'a.js'))).toBe(false);
});

test('a folder without package.json is no service: one clear line', async () => {
  await expect(createWorkingCopy(run, await createRemote(run), join(repository, 'node_modules'))).rejects.toMatchObject(
    {
      code: 'service-invalid',
      message: expect.stringContaining('there is no package.json'),
    },
  );
});

test('no Git repository: one clear line', async () => {
  await rm(join(repository, '.git'), { recursive: true });
  await expect(createRemote(run)).rejects.toMatchObject({
    code: 'not-a-repository',
    message: expect.stringContaining('git init'),
  });
});
