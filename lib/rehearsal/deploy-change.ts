/** Deploys one commit, waits until the hosts have decided, and measures what it did. */
import { type DeploymentRecord, parseDeploymentRecord } from '../contract/deployment-record.ts';
import type { HostStatus, Rejection } from '../contract/host-status.ts';
import { deploymentKey } from '../contract/names.ts';
import { type DeploymentFacts, measure, statusesOf } from './measure.ts';
import { describeRejection } from './describe-rejection.ts';
import { RehearsalError } from './rehearsal-error.ts';
import type { DeployResult } from './runner.ts';
import { until } from './until.ts';
import { notDeployed, type World } from './world.ts';

export type Expected = 'confirmed' | 'rejected';

export interface Deployed {
  readonly facts: DeploymentFacts;
  readonly result: DeployResult;
  /** Milliseconds since 1970. */
  readonly pushedAt: number;
  /** Names of the SSM parameters whose value differs from before. */
  readonly changedParameters: readonly string[];
}

export type HostReport = { readonly instance: string; readonly status: HostStatus };

/** `push` makes the commit and pushes it. Throws `RehearsalError` when it does not end as expected. */
export async function deployChange(world: World, expected: Expected, push: () => Promise<string>): Promise<Deployed> {
  const { emulator, run, store, bucket, runtime, machines, runner } = world;
  const firstCall = emulator.gateway.calls.length;
  const parameters = `/${world.service}/${world.environment.name}`;
  const before = await world.cloud.parameters(parameters);
  const commit = await push();
  const result = await runner.deployed(commit);
  const pushedAt = result.startedAt;
  if (result.complaint !== '') throw notDeployed(`deploying commit ${commit.slice(0, 7)}`, result.complaint);
  await settle(world, expected);
  const facts = await measure({
    store,
    bucket,
    runtime,
    pushedAt,
    calls: emulator.gateway.calls.slice(firstCall),
    instances: machines.hosts().map(({ instance }) => instance),
    signal: run.signal,
  });
  if (!facts || facts.commit !== commit) throw notDeployed(`deploying commit ${commit.slice(0, 7)}`, result.complaint);
  await assertOutcome(world, facts, expected);
  const after = await world.cloud.parameters(parameters);
  const changedParameters = [...after].flatMap(([name, value]) => (before.get(name) === value ? [] : [name]));
  return { facts, result, pushedAt, changedParameters };
}

export async function hostsAt({ store, machines, run }: World): Promise<readonly HostReport[]> {
  const instances = machines.hosts().map(({ instance }) => instance);
  return statusesOf(store, instances, run.signal);
}

export function isServing(reports: readonly HostReport[], hosts: number): boolean {
  return reports.length === hosts && reports.every(({ status }) => status.outcome === 'converged');
}

/** The deployment may end with fewer hosts than the rehearsal has: it waits for all of them. */
async function settle(world: World, expected: Expected): Promise<void> {
  if (expected === 'rejected') return;
  const hasDecided = async (): Promise<boolean> => {
    const reports = await hostsAt(world);
    return isServing(reports, world.hosts) || reports.some(({ status }) => status.outcome === 'rejected');
  };
  await until(world.run.signal, 30_000, hasDecided);
}

async function assertOutcome(world: World, facts: DeploymentFacts, expected: Expected): Promise<void> {
  const key = deploymentKey(facts.generation);
  const record = (await world.store.read(key, parseDeploymentRecord, world.run.signal))?.value;
  if (record?.outcome === expected) return;
  const said = (await hostsAt(world)).flatMap(({ status }) => status.rejected).find(isOf(facts));
  const seen = said ? describeRejection(said) : { wrong: outcomeOf(record), todo: 'see the logs of the hosts' };
  throw new RehearsalError('tour-failed', {
    tried: `deploying commit ${facts.commit.slice(0, 7)}`,
    wrong: expected === 'confirmed' ? seen.wrong : `it should be ${expected}: ${seen.wrong}`,
    todo: seen.todo,
  });
}

function isOf({ revision }: DeploymentFacts): (rejection: Rejection) => boolean {
  return (rejection) => rejection.revision === revision;
}

function outcomeOf(record: DeploymentRecord | undefined): string {
  if (!record) return 'it is undecided';
  const [detail = ''] = record.detail.split('\n');
  return `${record.outcome}: ${detail.slice(0, 300)}`;
}
