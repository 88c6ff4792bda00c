import { type RollbackOptions, lastConfirmedBefore, rollback } from '../../lib/delivery/rollback.ts';
import type { HistoryEntry } from '../../lib/delivery/history.ts';
import { type GitRepository, gitRepository } from '../support/git-repository.ts';

let repository: GitRepository;
beforeEach(() => {
  repository = gitRepository();
});
afterEach(() => repository.remove());

const entry = (generation: number, change: Partial<HistoryEntry>): HistoryEntry => ({
  generation,
  commit: '',
  tree: '',
  release: '',
  revision: '',
  writtenAt: '',
  by: 'ada',
  outcome: 'confirmed',
  detail: '',
  seconds: null,
  ...change,
});

/** Commits `files` one after the other and pushes; the history says how each ended, the newest first. */
function deployed(...outcomes: HistoryEntry['outcome'][]): HistoryEntry[] {
  const history = outcomes.map((outcome, index) => {
    const commit = repository.commit(`change ${index}`, { 'file.txt': `content ${index}` });
    return entry(index + 1, { commit, tree: repository.git('rev-parse', 'HEAD^{tree}'), outcome });
  });
  repository.git('push', '--quiet', 'origin', 'dev');
  return history.toReversed();
}

const options = (history: readonly HistoryEntry[], change: Partial<RollbackOptions> = {}): RollbackOptions => ({
  repository: repository.root,
  branch: 'dev',
  remote: 'origin',
  history,
  to: null,
  by: 'ada',
  reason: 'answers 500 to everybody',
  isDryRun: false,
  variables: repository.variables,
  signal: new AbortController().signal,
  progress: () => undefined,
  ...change,
});
const remoteTip = () => repository.git('ls-remote', 'origin', 'refs/heads/dev').slice(0, 40);

test('going back is a new commit on the branch with the last confirmed tree, and touches no file here', async () => {
  const history = deployed('confirmed', 'confirmed', 'rejected');
  const head = repository.git('rev-parse', 'HEAD');
  repository.write({ 'file.txt': 'work in progress' });
  const done = await rollback(options(history));
  expect(done).toMatchObject({ from: head, to: history[1]?.commit, tree: history[1]?.tree });
  expect(remoteTip()).toBe(done.commit);
  expect(repository.git('rev-parse', `${done.commit ?? ''}^{tree}`, `${done.commit ?? ''}^1`).split('\n')).toEqual([
    history[1]?.tree,
    head,
  ]);
  expect(repository.git('log', '-1', '--format=%B', done.commit ?? '')).toContain('answers 500 to everybody');
  expect(repository.git('log', '-1', '--format=%B', done.commit ?? '')).toContain('Rolled-back-by: ada');
  expect(repository.git('rev-parse', 'HEAD')).toBe(head);
  expect(repository.git('status', '--porcelain')).toBe('M file.txt');
});

test('a dry run says what would be done and makes no commit', async () => {
  const history = deployed('confirmed', 'rejected');
  const tip = remoteTip();
  expect(await rollback(options(history, { isDryRun: true }))).toMatchObject({ commit: null, to: history[1]?.commit });
  expect(remoteTip()).toBe(tip);
});

test('a named commit must have been confirmed there', async () => {
  const history = deployed('confirmed', 'rejected', 'confirmed', 'confirmed');
  expect(await rollback(options(history, { to: history[3]?.commit ?? '' }))).toMatchObject({ tree: history[3]?.tree });
  const rejected = rollback(options(history, { to: history[2]?.commit ?? '' }));
  await expect(rejected).rejects.toMatchObject({ code: 'not-confirmed' });
});

test.each<[string, HistoryEntry['outcome'][], string | null]>([
  ['already-there', ['confirmed', 'confirmed'], 'HEAD'],
  ['unknown-commit', ['confirmed', 'confirmed'], 'nope'],
  ['nothing-confirmed', ['confirmed'], null],
  ['nothing-confirmed', ['rejected', 'rejected'], null],
])('it is refused as %s after %j to %s', async (code, outcomes, to) => {
  const history = deployed(...outcomes);
  const tip = remoteTip();
  await expect(rollback(options(history, { to }))).rejects.toMatchObject({ code });
  expect(remoteTip()).toBe(tip);
});

test('a branch that does not take the push is not forced', async () => {
  const history = deployed('confirmed', 'rejected');
  repository.git('--git-dir', repository.remote, 'config', 'receive.maxInputSize', '1');
  const tip = remoteTip();
  await expect(rollback(options(history))).rejects.toMatchObject({ code: 'push-refused' });
  expect(remoteTip()).toBe(tip);
});

test('without an identity in Git the one who asks signs', async () => {
  const history = deployed('confirmed', 'rejected');
  repository.git('config', '--unset', 'user.name');
  repository.git('config', '--unset', 'user.email');
  const { commit } = await rollback(options(history, { by: 'release bot' }));
  repository.git('fetch', '--quiet', 'origin');
  expect(repository.git('log', '-1', '--format=%an', commit ?? '')).toBe('release bot');
});

test('going back twice goes back two steps', () => {
  const history = [
    entry(4, { tree: 'b', commit: '4' }),
    entry(3, { tree: 'c', commit: '3' }),
    entry(2, { tree: 'b', commit: '2' }),
    entry(1, { tree: 'a', commit: '1' }),
  ];
  expect(lastConfirmedBefore('b', history)?.commit).toBe('1');
  expect(lastConfirmedBefore('c', history)?.commit).toBe('2');
  expect(lastConfirmedBefore('never seen', history)?.commit).toBe('4');
});
