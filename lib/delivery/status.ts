/** What an environment was told, and what its hosts say. */
import type { DeploymentRecord } from '../contract/deployment-record.ts';
import type { DesiredState } from '../contract/desired-state.ts';
import type { InfrastructureRecord } from '../contract/infrastructure-record.ts';
import type { Store, Stored } from './store.ts';
import type { HostView } from './wait.ts';

export interface StatusOptions {
  readonly store: Store;
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now: number;
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

/** Throws `DeliveryError`. */
export async function readStatus(options: StatusOptions): Promise<EnvironmentStatus> {
  options.signal.throwIfAborted();
  throw new Error('not built yet');
}
