/** What an environment was told over time, and how each ended. */
import { type DeploymentOutcome, type DeploymentRecord, parseDeploymentRecord } from '../contract/deployment-record.ts';
import { type DesiredState, parseDesiredState, revisionOf } from '../contract/desired-state.ts';
import { deploymentKey, desiredStateKey } from '../contract/names.ts';
import { mapLimited } from './map-limited.ts';
import type { Store, Stored } from './store.ts';

export interface HistoryOptions {
  readonly store: Store;
  /** Generations, at most 1,000. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

export interface HistoryEntry {
  readonly generation: number;
  readonly commit: string;
  readonly tree: string;
  readonly release: string;
  readonly revision: string;
  /** UTC. */
  readonly writtenAt: string;
  readonly by: string;
  /** `unknown`: nobody waited for its end, or it has not ended. */
  readonly outcome: DeploymentOutcome | 'unknown';
  readonly detail: string;
  /** From written to decided. */
  readonly seconds: number | null;
}

/** The newest first. Throws `DeliveryError`. */
export async function readHistory({ store, limit, signal }: HistoryOptions): Promise<readonly HistoryEntry[]> {
  const versions = await store.versions(desiredStateKey, parseDesiredState, limit, signal);
  const entries = await mapLimited(versions, 8, async (version) => {
    const record = await store.read(deploymentKey(version.value.generation), parseDeploymentRecord, signal);
    return historyEntry(version, record?.value);
  });
  return entries.sort((a, b) => b.generation - a.generation);
}

export function historyEntry(version: Stored<DesiredState>, record: DeploymentRecord | undefined): HistoryEntry {
  const { generation, commit, tree, release } = version.value;
  return {
    generation,
    commit,
    tree,
    release,
    revision: revisionOf(version.value),
    writtenAt: version.writtenAt.toISOString(),
    by: version.by ?? record?.by ?? 'unknown',
    outcome: record?.outcome ?? 'unknown',
    detail: record?.detail ?? '',
    seconds: record ? (Date.parse(record.endedAt) - Date.parse(record.writtenAt)) / 1_000 : null,
  };
}
