/** Brings an environment to a commit: blobs, stacks if they differ, desired state by compare-and-swap, hosts. */
import type { DeploymentRecord } from '../contract/deployment-record.ts';
import { type DesiredState, parseDesiredState, revisionOf, serializeDesiredState } from '../contract/desired-state.ts';
import type { Environment } from '../contract/environment.ts';
import { desiredStateKey, storeBucketName } from '../contract/names.ts';
import type { Platform } from '../contract/runtime-pins.ts';
import type { AgentBundle } from './agent-bundle.ts';
import type { Assembly } from './assembly.ts';
import { checkAccount } from './aws-account.ts';
import type { Build } from './build.ts';
import { type Clock, systemClock } from './clock.ts';
import { readConfigPin } from './config-pin.ts';
import { DeliveryError } from './delivery-error.ts';
import { awaitEnd, readRecord } from './deployment-end.ts';
import { viewHosts } from './host-view.ts';
import { bringInfrastructure, ensureStore } from './infrastructure.ts';
import { isConfirmed, nextDesiredState } from './next-desired-state.ts';
import type { Call, Variables } from './progress.ts';
import { type Published, publish } from './publish.ts';
import { openStore } from './s3-store.ts';
import type { AwsAccess, Store, Stored } from './store.ts';
import type { HostView, WaitOptions } from './wait.ts';

export interface DeployOptions extends Call {
  /** Root of the Slipway repository, for the CDK CLI. */
  readonly repository: string;
  readonly service: string;
  readonly environment: Environment;
  readonly aws: AwsAccess;
  /** Of the CDK CLI: credentials, AWS_ENDPOINT_URL. */
  readonly variables: Variables;
  readonly build: Build;
  /** What the hosts are; null: as the environment says. */
  readonly platform: Platform | null;
  readonly agent: AgentBundle;
  readonly assembly: Assembly;
  /** Who deploys: a person's or a workflow's name. */
  readonly by: string;
  /** Writes a new generation even if nothing changed, so that hosts try again what they rejected. */
  readonly retry: boolean;
  /** Null: the desired state is written, and nobody waits. */
  readonly wait: DeployWait | null;
  readonly clock?: Clock;
}

export interface DeployWait extends Pick<WaitOptions, 'timeoutMs' | 'instances' | 'intervalMs'> {
  /** Default: the environment's smallest number of hosts. */
  readonly minHosts?: number;
}

export interface Deployment {
  /** `nothing-to-do`: the environment was told this before, and how that ended is in `record`. */
  readonly kind: 'nothing-to-do' | 'written' | 'finished';
  readonly desired: DesiredState;
  readonly revision: string;
  readonly stacks: 'deployed' | 'unchanged';
  readonly published: Published;
  /** Null: nobody waited. */
  readonly record: DeploymentRecord | null;
  /** Empty where nobody waited. */
  readonly hosts: readonly HostView[];
  readonly seconds: {
    readonly publish: number;
    readonly stacks: number;
    readonly wait: number;
    readonly total: number;
  };
}

/** Throws `DeliveryError`; `conflict` when another deploy won, naming it. */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  const { service, environment, aws, signal } = options;
  const clock = options.clock ?? systemClock;
  const timer = stopwatch(clock);
  refuseUnsupported(options);
  await checkAccount(environment, aws, signal);
  const { account, region, name } = environment;
  const store = openStore(storeBucketName({ service, environment: name, account, region }), aws);
  await ensureStore({ ...options, store, environment: name });
  // Read before anything is changed: whoever writes from here on makes this deploy the loser.
  const seen = await store.read(desiredStateKey, parseDesiredState, signal);
  const published = await publish({ ...options, store, release: options.build });
  const publishSeconds = timer.lap();
  const stacks = await bringInfrastructure({ ...options, store, commit: options.build.commit, clock });
  const stackSeconds = timer.lap();
  const told = await tellHosts({ options, store, seen, clock });
  const ended = await finish({ options, store, told, clock });
  const seconds = { publish: publishSeconds, stacks: stackSeconds, wait: timer.lap(), total: timer.total() };
  const revision = revisionOf(told.desired);
  return { kind: kindOf(told, ended), desired: told.desired, revision, stacks, published, ...ended, seconds };
}

/** What the hosts are told now, whether by this call or before. */
interface Told {
  readonly desired: DesiredState;
  readonly writtenAt: Date;
  readonly by: string;
  readonly isNew: boolean;
}

interface Shared {
  readonly options: DeployOptions;
  readonly store: Store;
  readonly clock: Clock;
}

async function tellHosts({ options, store, seen, clock }: Shared & { seen: Stored<DesiredState> | undefined }) {
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

async function wasConfirmed({ store, clock, options }: Shared, previous: DesiredState): Promise<boolean> {
  const [record, statuses] = await Promise.all([
    readRecord(store, previous, options.signal),
    store.statuses(options.signal),
  ]);
  return isConfirmed(record, viewHosts({ statuses, desired: previous, now: clock.now() }));
}

async function finish({ options, store, told, clock }: Shared & { told: Told }) {
  const { wait, environment, signal, progress } = options;
  const known = told.isNew ? undefined : await readRecord(store, told.desired, signal);
  if (known || !wait) return { record: known ?? null, hosts: [] };
  const { desired, writtenAt, by } = told;
  const minHosts = wait.minHosts ?? environment.hosts.min;
  const { record, hosts } = await awaitEnd({
    ...wait,
    minHosts,
    store,
    desired,
    writtenAt,
    by,
    clock,
    signal,
    progress,
  });
  return { record, hosts };
}

function kindOf({ isNew }: Told, { record }: { readonly record: DeploymentRecord | null }): Deployment['kind'] {
  if (!isNew) return 'nothing-to-do';
  return record ? 'finished' : 'written';
}

function refuseUnsupported({ environment, build, platform }: DeployOptions): void {
  const { name, delivery, hosts } = environment;
  if (delivery.mode === 'push') {
    throw new DeliveryError('not-supported', {
      tried: `deploying '${name}'`,
      wrong: `delivery.mode 'push' is not supported yet`,
      todo: `set delivery.mode to 'pull' in environments/${name}.ts`,
    });
  }
  const wanted = platform ?? `linux-${hosts.architecture}`;
  const { os, cpu } = build.manifest.runtime;
  if (wanted === `${os}-${cpu}`) return;
  throw new DeliveryError('wrong-platform', {
    tried: `deploying release ${build.digest.slice(0, 12)} to '${name}'`,
    wrong: `its hosts are ${wanted}, got a release for '${os}-${cpu}'`,
    todo: `build it for ${wanted}`,
  });
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

function stopwatch(clock: Clock) {
  const startedAt = clock.now();
  let at = startedAt;
  return {
    /** Seconds since the last lap. */
    lap(): number {
      const from = at;
      at = clock.now();
      return (at - from) / 1_000;
    },
    total: (): number => (clock.now() - startedAt) / 1_000,
  };
}
