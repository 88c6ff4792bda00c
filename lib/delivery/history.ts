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
  const [current, versions] = await Promise.all([
    store.read(desiredStateKey, parseDesiredState, signal),
    store.versions(desiredStateKey, parseDesiredState, limit, signal),
  ]);
  const newest = current?.value.generation ?? 0;
  const generations = Array.from({ length: Math.min(limit, newest) }, (_, index) => newest - index);
  const told = new Map(versions.map((version) => [version.value.generation, version]));
  const entries = await mapLimited(generations, 8, async (generation) => {
    const record = await store.read(deploymentKey(generation), parseDeploymentRecord, signal);
    return historyEntry(told.get(generation), record?.value);
  });
  return entries.filter((entry) => entry !== undefined);
}

/** Old versions expire, records stay: either is enough. */
function historyEntry(
  version: Stored<DesiredState> | undefined,
  record: DeploymentRecord | undefined,
): HistoryEntry | undefined {
  const ending = {
    outcome: record?.outcome ?? ('unknown' as const),
    detail: record?.detail ?? '',
    seconds: secondsOf(record),
  };
  if (version) {
    const { generation, commit, tree, release } = version.value;
    const by = version.by ?? record?.by ?? 'unknown';
    const writtenAt = version.writtenAt.toISOString();
    return { generation, commit, tree, release, revision: revisionOf(version.value), writtenAt, by, ...ending };
  }
  if (!record) return undefined;
  const { generation, commit, tree, release, revision, writtenAt, by } = record;
  return { generation, commit, tree, release, revision, writtenAt, by, ...ending };
}

function secondsOf(record: DeploymentRecord | undefined): number | null {
  return record ? (Date.parse(record.endedAt) - Date.parse(record.writtenAt)) / 1_000 : null;
}
