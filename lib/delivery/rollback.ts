/** Goes back by a commit: a new one on the environment's branch whose tree equals an earlier, confirmed one. */
import { DeliveryError } from './delivery-error.ts';
import { type GitOptions, commitTree, fetchTip, pushCommit, resolveCommit, treeAt } from './git.ts';
import type { HistoryEntry } from './history.ts';
import type { Call, Variables } from './progress.ts';

export interface RollbackOptions extends Call {
  readonly repository: string;
  /** Of the environment: `dev`. */
  readonly branch: string;
  /** Name or URL of the remote; usually `origin`. */
  readonly remote: string;
  /** The newest first, as `readHistory` gives it. */
  readonly history: readonly HistoryEntry[];
  /** A commit that was confirmed in this environment; null: the last one before the current. */
  readonly to: string | null;
  readonly by: string;
  readonly reason: string;
  /** Says what would be done; makes no commit. */
  readonly isDryRun: boolean;
  readonly variables: Variables;
}

export interface Rollback {
  /** Tip of the branch before. */
  readonly from: string;
  /** The confirmed commit whose tree comes back. */
  readonly to: string;
  readonly tree: string;
  /** The new commit; null in a dry run. */
  readonly commit: string | null;
  readonly message: string;
}

/** History is never rewritten, and nothing of the working tree is touched. Throws `DeliveryError`. */
export async function rollback(options: RollbackOptions): Promise<Rollback> {
  const { repository, variables, signal, remote, branch, progress } = options;
  const git = { repository, variables, signal };
  const from = await fetchTip(remote, branch, git);
  const tipTree = await treeAt(from, '', git);
  const target = await findTarget(options, tipTree, git);
  const message = commitMessage(options, from, target);
  const plan = { from, to: target.commit, tree: target.tree, message };
  if (options.isDryRun) return { ...plan, commit: null };
  const commit = await commitTree({ tree: target.tree, parent: from, message, by: options.by }, git);
  const { isPushed, output } = await pushCommit({ remote, commit, branch }, git);
  if (!isPushed) throw pushRefused(options, commit, output);
  progress({
    step: 'rollback',
    message: `${branch} is back at what ${target.commit.slice(0, 12)} was, as commit ${commit.slice(0, 12)}`,
    fields: { from, to: target.commit, commit, branch },
  });
  return { ...plan, commit };
}

type Target = Pick<HistoryEntry, 'commit' | 'tree' | 'generation'>;

async function findTarget(options: RollbackOptions, tipTree: string, git: GitOptions): Promise<Target> {
  const confirmed = options.history.filter(({ outcome }) => outcome === 'confirmed');
  if (options.to === null) {
    const target = lastConfirmedBefore(tipTree, options.history);
    if (!target) throw nothingConfirmed(options);
    // A commit of long ago may be missing in a shallow clone: said before anything is written.
    await resolveCommit(target.commit, git);
    return target;
  }
  const commit = await resolveCommit(options.to, git);
  const tree = await treeAt(commit, '', git);
  if (tree === tipTree) throw alreadyThere(options, commit);
  const target = confirmed.find((entry) => entry.tree === tree);
  if (!target) throw notConfirmed(options, commit, confirmed);
  return { ...target, commit, tree };
}

/** Before the first time that the environment had this tree: going back twice goes back two steps, not forth again. */
export function lastConfirmedBefore(tipTree: string, history: readonly HistoryEntry[]): HistoryEntry | undefined {
  const first = history.findLast(({ tree }) => tree === tipTree)?.generation ?? Infinity;
  return history.find(
    ({ outcome, generation, tree }) => outcome === 'confirmed' && generation < first && tree !== tipTree,
  );
}

function commitMessage({ branch, by, reason }: RollbackOptions, from: string, target: Target): string {
  return [
    `revert: ${branch} back to ${target.commit.slice(0, 12)}`,
    '',
    reason,
    '',
    `The tree equals that of ${target.commit},`,
    `which was confirmed in ${branch} as generation ${target.generation}.`,
    '',
    `Rolled-back-from: ${from}`,
    `Rolled-back-by: ${by}`,
  ].join('\n');
}

function nothingConfirmed({ branch }: RollbackOptions): DeliveryError {
  return new DeliveryError('nothing-confirmed', {
    tried: `looking for what to go back to in '${branch}'`,
    wrong: 'no other commit was ever confirmed there',
    todo: 'correct the service and push: hosts keep serving what they confirmed last',
  });
}

function alreadyThere({ branch }: RollbackOptions, commit: string): DeliveryError {
  return new DeliveryError('already-there', {
    tried: `going back to ${commit.slice(0, 12)} in '${branch}'`,
    wrong: 'the branch has that tree already',
    todo: `look at \`slipway status ${branch}\`: if hosts rejected it, deploy with --retry`,
  });
}

function notConfirmed({ branch }: RollbackOptions, commit: string, confirmed: readonly Target[]): DeliveryError {
  const known = confirmed.slice(0, 3).map((entry) => entry.commit.slice(0, 12));
  return new DeliveryError('not-confirmed', {
    tried: `going back to ${commit.slice(0, 12)} in '${branch}'`,
    wrong: 'its tree was never confirmed there',
    todo: known.length > 0 ? `take one of ${known.join(', ')}` : 'nothing was confirmed there yet',
  });
}

function pushRefused({ branch, remote }: RollbackOptions, commit: string, output: string): DeliveryError {
  return new DeliveryError('push-refused', {
    tried: `pushing ${commit.slice(0, 12)} to '${branch}' of '${remote}'`,
    wrong: output || 'git push failed without a message',
    todo: `if the branch moved on, run it again; if its rules ask for a pull request: \`git push ${remote} ${commit}:refs/heads/rollback/${branch}\` and open one`,
  });
}
