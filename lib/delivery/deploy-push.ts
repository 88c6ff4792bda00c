/** Delivery by push: the launch template carries the release, and CloudFormation replaces the machines. */
import type { DesiredState } from '../contract/desired-state.ts';
import type { InfrastructureRecord } from '../contract/infrastructure-record.ts';
import { stackName } from '../contract/names.ts';
import { isFrozen } from './change-freeze.ts';
import type { Delivered, Scene, Told } from './deployment.ts';
import { readRecord } from './deployment-end.ts';
import { finish } from './finish.ts';
import {
  type InfrastructureTarget,
  isOf,
  readInfrastructure,
  whyDeploy,
  writeInfrastructure,
} from './infrastructure.ts';
import { plannedRevision } from './next-desired-state.ts';
import { recordRollback } from './stack-rollback.ts';
import { type StacksDeployed, deployStacks, stacksFailed, tryStacks } from './stacks.ts';
import { type Stopwatch, stopwatch } from './stopwatch.ts';
import type { Stored } from './store.ts';
import { tellHosts } from './tell-hosts.ts';
import { whileWatching } from './wait.ts';

/** Throws `DeliveryError`. That CloudFormation goes back is an outcome: `rejected`. */
export async function deployByPush(scene: Scene): Promise<Delivered> {
  const { options, store, clock } = scene;
  const timer = stopwatch(clock);
  const found = await readInfrastructure(store, options.signal);
  const change = await planChange(scene, found);
  if (change.kind === 'none') return leaveStacks(scene, await tellHosts(scene), timer);
  if (change.kind === 'frozen') {
    await deployOthers(scene, found?.value);
    return leaveStacks(scene, await tellHosts(scene), timer);
  }
  if (change.kind === 'undone') {
    const told = await tellHosts(scene);
    const record = told.isNew ? undefined : await readRecord(store, told.desired, options.signal);
    if (record?.outcome === 'rejected') return leaveStacks(scene, told, timer);
    return replaceMachines(scene, await begin(scene, found, change.target), told, timer);
  }
  const work = await begin(scene, found, change.target);
  await deployOthers(scene, found?.value);
  return replaceMachines(scene, work, await tellHosts(scene), timer);
}

type Change =
  | { readonly kind: 'none' }
  | { readonly kind: 'frozen' }
  | { readonly kind: 'changed'; readonly target: InfrastructureTarget }
  /** Just this was tried, and CloudFormation went back. */
  | { readonly kind: 'undone'; readonly target: InfrastructureTarget };

async function planChange(scene: Scene, found: Stored<InfrastructureRecord> | undefined): Promise<Change> {
  const { options } = scene;
  const { service, environment, build, assembly, progress } = options;
  const revision = plannedRevision({ service, environment, release: build.digest });
  const target = { assembly: assembly.digest, revision };
  const tried = found !== undefined && isOf(found.value, target) ? found.value.state : null;
  if (tried === 'deployed') {
    progress({ step: 'stacks', message: 'the stacks carry this release already: nothing to deploy' });
    return { kind: 'none' };
  }
  if (await isFrozen(scene, found?.value, revision)) {
    progress({ step: 'stacks', message: `frozen: no machine is replaced (${environment.freeze?.reason ?? ''})` });
    return { kind: 'frozen' };
  }
  return { kind: tried === 'rolled-back' ? 'undone' : 'changed', target };
}

async function leaveStacks(scene: Scene, told: Told, timer: Stopwatch): Promise<Delivered> {
  const stacks = timer.lap();
  const ending = await finish(scene, told);
  return { told, stacks: 'unchanged', ...ending, seconds: { stacks, wait: timer.lap() } };
}

interface Work {
  readonly target: InfrastructureTarget;
  /** Of the record of the infrastructure, which says `deploying`. */
  readonly etag: string;
}

async function begin(
  { options, store, clock }: Scene,
  found: Stored<InfrastructureRecord> | undefined,
  target: InfrastructureTarget,
): Promise<Work> {
  const { build, by, signal, progress } = options;
  progress({ step: 'stacks', message: whyDeploy(found?.value), fields: { ...target } });
  const record = { store, commit: build.commit, by, clock, signal, etag: found?.etag ?? null };
  return { target, etag: await writeInfrastructure('deploying', target, record) };
}

/** All stacks but the one of the machines: it needs the config's version, which one of these gives. */
async function deployOthers({ options }: Scene, found: InfrastructureRecord | undefined): Promise<void> {
  const { assembly } = options;
  if (found !== undefined && found.state !== 'deploying' && found.assembly === assembly.digest) return;
  const only = Object.keys(assembly.stacks).filter((name) => name !== machineStack(options));
  await deployStacks({ ...options, only });
}

async function replaceMachines(scene: Scene, { target, etag }: Work, told: Told, timer: Stopwatch): Promise<Delivered> {
  const { options, store, clock } = scene;
  const { build, by, signal } = options;
  const record = { store, commit: build.commit, by, clock, signal, etag };
  const result = await deployMachines(scene, told.desired);
  if (result.kind === 'deployed') {
    await writeInfrastructure('deployed', target, record);
    const stacks = timer.lap();
    const ending = await finish(scene, told);
    return { told, stacks: 'deployed', ...ending, seconds: { stacks, wait: timer.lap() } };
  }
  if (!result.isUndone) throw stacksFailed([machineStack(options)], result);
  const ending = await recordRollback(scene, told, result.reason);
  await writeInfrastructure('rolled-back', target, record);
  return { told, stacks: 'rolled-back', ...ending, seconds: { stacks: timer.lap(), wait: 0 } };
}

async function deployMachines({ options, store, clock }: Scene, desired: DesiredState): Promise<StacksDeployed> {
  const { environment, wait } = options;
  const { release, config } = desired;
  const parameters = { Release: release, ConfigVersion: String(config.version) };
  const work = async (): Promise<StacksDeployed> =>
    tryStacks({ ...options, only: [machineStack(options)], parameters });
  if (wait === null) return work();
  return whileWatching({ ...options, ...wait, minHosts: environment.hosts.min, store, desired, clock }, work);
}

function machineStack({ service, environment }: Scene['options']): string {
  return stackName({ service, environment: environment.name }, 'service');
}
