/** What `--json` prints. Fields are added, never renamed or taken away, while `schema` is 1. Pure. */
import type { Build } from '../delivery/build.ts';
import type { Deployment } from '../delivery/deployment.ts';
import type { Check } from '../delivery/doctor.ts';
import type { HistoryEntry } from '../delivery/history.ts';
import type { ImageMove } from '../delivery/images.ts';
import type { Published } from '../delivery/publish.ts';
import type { Rollback } from '../delivery/rollback.ts';
import type { EnvironmentStatus } from '../delivery/status.ts';
import type { HostView } from '../delivery/wait.ts';
import type { DeploymentRecord } from '../contract/deployment-record.ts';
import type { Verdict } from './verdict.ts';

export function hostDocument({ host, outcome, detail, status, ageSeconds }: HostView) {
  const { generation, phase, serving, confirmed, reportedAt } = status;
  return { host, outcome, detail, generation, phase, serving, confirmed, reportedAt, ageSeconds };
}

export function buildDocument({ digest, manifest, commit, tree, cached, seconds }: Build) {
  const { service, runtime, app, start, health } = manifest;
  return { service, commit, tree, release: digest, cached, seconds, app, runtime, start, health };
}

export function publishDocument(environment: string, bucket: string, built: Build, published: Published) {
  return { environment, bucket, ...buildDocument(built), published };
}

export interface DeploymentFacts {
  readonly environment: string;
  readonly deployment: Deployment;
  /** Building and synthesizing, at the same time. */
  readonly prepareSeconds: number;
}

export function deployDocument({ environment, deployment, prepareSeconds: prepare }: DeploymentFacts) {
  const { kind, desired, revision, stacks, published, record, hosts, seconds } = deployment;
  const { generation, commit, tree, release } = desired;
  return {
    environment,
    kind,
    generation,
    commit,
    tree,
    release,
    revision,
    stacks,
    published,
    outcome: record?.outcome ?? null,
    detail: record?.detail ?? '',
    hosts: hosts.map(hostDocument),
    seconds: { ...seconds, prepare, total: prepare + seconds.total },
  };
}

export function waitDocument(record: DeploymentRecord, hosts: readonly HostView[], seconds: number) {
  const { generation, commit, release, revision, outcome, detail } = record;
  return { generation, commit, release, revision, outcome, detail, hosts: hosts.map(hostDocument), seconds };
}

export function statusDocument(
  place: { readonly service: string; readonly environment: string },
  { desired, revision, infrastructure, record, hosts }: EnvironmentStatus,
  { state, says, todo }: Verdict,
) {
  const told = desired && { ...desired.value, writtenAt: desired.writtenAt.toISOString(), by: desired.by };
  return {
    ...place,
    desired: told,
    revision,
    infrastructure,
    record,
    hosts: hosts.map(hostDocument),
    verdict: { state, says, todo },
  };
}

export function historyDocument(environment: string, deployments: readonly HistoryEntry[]) {
  return { environment, deployments };
}

export function rollbackDocument(environment: string, { from, to, tree, commit, message }: Rollback) {
  return { environment, from, to, tree, commit, message, isDryRun: commit === null };
}

export function imagesDocument(moves: readonly ImageMove[], isCheck: boolean) {
  return {
    isCheck,
    images: moves.map(({ environment, file, before, after, isOld }) => ({ environment, file, isOld, before, after })),
  };
}

export function doctorDocument(checks: readonly Check[]) {
  return { checks: checks.map(({ id, ok, required, found, remedy }) => ({ id, ok, required, found, remedy })) };
}
