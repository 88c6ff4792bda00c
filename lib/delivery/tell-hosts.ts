/** Writes what the hosts of an environment are to run, if they were not told just that before. */
import { type DesiredState, parseDesiredState, revisionOf, serializeDesiredState } from '../contract/desired-state.ts';
import { desiredStateKey } from '../contract/names.ts';
import { readConfigPin } from './config-pin.ts';
import { DeliveryError } from './delivery-error.ts';
import type { Scene, Told } from './deployment.ts';
import { readRecord } from './deployment-end.ts';
import { viewHosts } from './host-view.ts';
import { isConfirmed, nextDesiredState } from './next-desired-state.ts';
import type { Store } from './store.ts';

/** By compare-and-swap. Throws `DeliveryError`: `conflict` when another deploy won, naming it. */
export async function tellHosts({ options, store, seen, clock }: Scene): Promise<Told> {
  const { environment, service, build, aws, retry, by, signal, progress } = options;
  const config = await readConfigPin({ service, environment, aws, signal });
  const previous = seen?.value;
  const isPreviousConfirmed = previous !== undefined && (await wasConfirmed({ store, clock, options }, previous));
  const { commit, tree, digest: release } = build;
  const next = nextDesiredState({
    service,
    environment,
    commit,
    tree,
    release,
    config,
    retry,
    previous,
    isPreviousConfirmed,
  });
  if (!next && seen) {
    const { generation } = seen.value;
    progress({
      step: 'desired',
      message: `nothing to do: generation ${generation} says this already`,
      fields: { generation },
    });
    return { desired: seen.value, writtenAt: seen.writtenAt, by: seen.by ?? by, isNew: false };
  }
  if (!next) throw new Error('no desired state, and none to write');
  const expected = { etag: seen?.etag ?? null, by };
  const written = await store.compareAndSwap(desiredStateKey, serializeDesiredState(next), expected, signal);
  if (written.kind === 'lost') throw await conflict(store, next, signal);
  const { generation } = next;
  progress({
    step: 'desired',
    message: `generation ${generation} written: release ${release.slice(0, 12)}, commit ${commit.slice(0, 12)}`,
    fields: { generation, release, commit, revision: revisionOf(next) },
  });
  return { desired: next, writtenAt: new Date(clock.now()), by, isNew: true };
}

async function wasConfirmed({ store, clock, options }: Omit<Scene, 'seen'>, previous: DesiredState): Promise<boolean> {
  const [record, statuses] = await Promise.all([
    readRecord(store, previous, options.signal),
    store.statuses(options.signal),
  ]);
  return isConfirmed(record, viewHosts({ statuses, desired: previous, now: clock.now() }));
}

async function conflict(store: Store, mine: DesiredState, signal: AbortSignal): Promise<DeliveryError> {
  const winner = await store.read(desiredStateKey, parseDesiredState, signal);
  return new DeliveryError('conflict', {
    tried: `writing generation ${mine.generation} of '${mine.environment}' for commit ${mine.commit.slice(0, 12)}`,
    wrong: winner
      ? `commit ${winner.value.commit.slice(0, 12)} by ${winner.by ?? 'unknown'} was written first, as generation ${winner.value.generation} at ${winner.writtenAt.toISOString()}`
      : 'the desired state was removed meanwhile',
    todo: 'nothing of yours was applied; deploy again if your commit is the newer one',
  });
}
