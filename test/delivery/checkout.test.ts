import { requireCommitted } from '../../lib/delivery/checkout.ts';
import { type GitRepository, gitRepository } from '../support/git-repository.ts';

let repository: GitRepository;
beforeEach(() => (repository = gitRepository()));
afterEach(() => repository.remove());

const check = (folder: string): Promise<void> =>
  requireCommitted(folder, 'commit them', {
    repository: repository.root,
    variables: repository.variables,
    signal: new AbortController().signal,
  });

test('a tree whose every file a commit holds may be deployed', async () => {
  repository.commit('feat: one', { 'environments/dev.ts': 'one', '.gitignore': 'dist\n' });
  repository.write({ 'dist/server.js': 'built' });
  await expect(check('')).resolves.toBeUndefined();
});

test.each([
  ['an edited file', { 'environments/dev.ts': 'two' }, 'environments/dev.ts'],
  ['a file that Git does not know', { 'lib/new.ts': 'new' }, 'lib/new.ts'],
])('%s stops a deploy, and is named', async (_, files, name) => {
  repository.commit('feat: one', { 'environments/dev.ts': 'one' });
  repository.write(files);
  await expect(check('')).rejects.toMatchObject({ code: 'dirty-tree', message: expect.stringContaining(name) });
});

test('of many files the message names five and counts the rest', async () => {
  repository.commit('feat: one', { a: 'a' });
  repository.write(Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`new-${i}`, 'x'])));
  await expect(check('')).rejects.toThrow('new-4 and 3 more');
});

test('what is edited elsewhere does not stop the build of a folder', async () => {
  repository.commit('feat: one', { 'service/a': 'a', b: 'b' });
  repository.write({ b: 'edited' });
  await expect(check('service')).resolves.toBeUndefined();
});

test('a repository without a commit has nothing to deploy', async () => {
  await expect(check('')).rejects.toMatchObject({ code: 'unknown-commit' });
});
