/** What an environment was told, and what its hosts say. */
import type { DeploymentRecord } from '../contract/deployment-record.ts';
import { type DesiredState, parseDesiredState, revisionOf } from '../contract/desired-state.ts';
import { type InfrastructureRecord, parseInfrastructureRecord } from '../contract/infrastructure-record.ts';
import { desiredStateKey, infrastructureRecordKey } from '../contract/names.ts';
import { readRecord } from './deployment-end.ts';
import { type HostView, viewHosts } from './host-view.ts';
import type { InService } from './in-service.ts';
import type { Store, Stored } from './store.ts';

export interface StatusOptions {
  readonly store: Store;
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Machines in service; left out: all that report count. */
  readonly instances?: InService;
}

export interface EnvironmentStatus {
  /** Null: nothing was ever deployed. */
  readonly desired: Stored<DesiredState> | null;
  readonly revision: string | null;
  readonly infrastructure: InfrastructureRecord | null;
  /** How the newest generation ended; null: not yet, or nobody waited for it. */
  readonly record: DeploymentRecord | null;
  readonly hosts: readonly HostView[];
}

const unknown: InService = async () => Promise.resolve(undefined);

/** Throws `DeliveryError`. */
export async function readStatus({
  store,
  signal,
  now,
  instances = unknown,
}: StatusOptions): Promise<EnvironmentStatus> {
  const [desired, infrastructure, statuses] = await Promise.all([
    store.read(desiredStateKey, parseDesiredState, signal),
    store.read(infrastructureRecordKey, parseInfrastructureRecord, signal),
    store.statuses(signal),
  ]);
  const [record, inService] = await Promise.all([
    desired && readRecord(store, desired.value, signal),
    // Not sooner: a store that cannot be read is all there is to say.
    instances(signal),
  ]);
  const told = desired ?? null;
  const { generation } = told?.value ?? { generation: 0 };
  return {
    desired: told,
    revision: told && revisionOf(told.value),
    infrastructure: infrastructure?.value ?? null,
    record: record ?? null,
    hosts: viewHosts({ statuses, desired: { generation }, now, instances: inService }),
  };
}
