/** What one deployment did, from what the gateway saw and what the hosts reported. */
import { parseDesiredState, revisionOf } from '../contract/desired-state.ts';
import type { HostStatus } from '../contract/host-status.ts';
import { blobKey, desiredStateKey } from '../contract/names.ts';
import type { Store } from '../delivery/store.ts';
import type { AwsCall } from './gateway.ts';

export interface DeploymentFacts {
  readonly generation: number;
  readonly commit: string;
  readonly release: string;
  readonly revision: string;
  /** From the push until the desired state was written. */
  readonly deliverySeconds: number | null;
  /** From the desired state being written until the last host had switched to it; null: not all did. */
  readonly switchedSeconds: number | null;
  /** From the desired state being written until the first host refused it; null: none did. */
  readonly rejectedSeconds: number | null;
  readonly rejectedFor: readonly string[];
  /** Of the slowest host: from the start of the process to its last health check. */
  readonly appStartSeconds: number | null;
  /** Of the slowest host: what the proxy took. */
  readonly switchMs: number | null;
  readonly awsCalls: Readonly<Record<string, number>>;
  readonly cloudFormationCalls: number;
  /** Of blobs, sent to the store and fetched by all hosts. */
  readonly publishedBytes: number;
  readonly fetchedBytes: number;
  /** Those of the two that belong to the Node.js runtime. */
  readonly runtimeBytes: number;
}

export interface MeasureOptions {
  readonly store: Store;
  readonly bucket: string;
  /** Calls since the push. */
  readonly calls: readonly AwsCall[];
  readonly pushedAt: number;
  /** Ids of the machines in service. */
  readonly instances: readonly string[];
  /** Digest of the runtime blob. */
  readonly runtime: string;
  readonly signal: AbortSignal;
}

/** Null: nothing was ever deployed. */
export async function measure(options: MeasureOptions): Promise<DeploymentFacts | null> {
  const { store, calls, pushedAt, instances, signal } = options;
  const desired = (await store.read(desiredStateKey, parseDesiredState, signal))?.value;
  if (!desired) return null;
  const statuses = (await statusesOf(store, instances, signal)).map(({ status }) => status);
  const writtenAt = calls.findLast((call) => isWrite(call, options))?.endedAt ?? null;
  const since = (at: number | null): number | null =>
    at === null || writtenAt === null ? null : Math.max(0, (at - writtenAt) / 1_000);
  const revision = revisionOf(desired);
  const rejections = statuses.flatMap(({ rejected }) => rejected.filter((one) => one.revision === revision));
  return {
    generation: desired.generation,
    commit: desired.commit,
    release: desired.release,
    revision,
    deliverySeconds: writtenAt === null ? null : (writtenAt - pushedAt) / 1_000,
    switchedSeconds: since(switchedAt(statuses, revision, instances.length)),
    rejectedSeconds: since(least(rejections.map(({ at }) => Date.parse(at)))),
    rejectedFor: [...new Set(rejections.map(({ reason }) => reason))],
    appStartSeconds: seconds(most(statuses.map(({ timings }) => timings.startedMs))),
    switchMs: most(statuses.map(({ timings }) => timings.switchMs)),
    ...bytesMoved(options),
  };
}

/** Reports of the machines in service, by their instance id. */
export async function statusesOf(
  store: Store,
  instances: readonly string[],
  signal: AbortSignal,
): Promise<readonly { readonly instance: string; readonly status: HostStatus }[]> {
  const entries = await store.statuses(signal);
  return instances.flatMap((instance) => {
    const found = entries.find(({ status }) => status.host.endsWith(`:${instance}`));
    return found ? [{ instance, status: found.status }] : [];
  });
}

function bytesMoved({ calls, bucket, runtime }: MeasureOptions) {
  const blobs = calls.filter(({ service, path }) => service === 's3' && path.startsWith(`/${bucket}/blobs/`));
  const ofRuntime = blobs.filter(({ path }) => path === `/${bucket}/${blobKey(runtime)}`);
  const awsCalls: Record<string, number> = {};
  for (const { service } of calls) awsCalls[service] = (awsCalls[service] ?? 0) + 1;
  return {
    awsCalls,
    cloudFormationCalls: awsCalls['cloudformation'] ?? 0,
    publishedBytes: sum(blobs.map(({ sent }) => sent)),
    fetchedBytes: sum(blobs.map(({ received }) => received)),
    runtimeBytes: sum(ofRuntime.map(({ sent, received }) => sent + received)),
  };
}

function isWrite({ service, method, path, status }: AwsCall, { bucket }: MeasureOptions): boolean {
  return service === 's3' && method === 'PUT' && status === 200 && path === `/${bucket}/${desiredStateKey}`;
}

function switchedAt(statuses: readonly HostStatus[], revision: string, hosts: number): number | null {
  const since = statuses.flatMap(({ serving }) => (serving?.revision === revision ? Date.parse(serving.since) : []));
  return since.length === hosts ? most(since) : null;
}

function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function least(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.min(...values);
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1_000;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
