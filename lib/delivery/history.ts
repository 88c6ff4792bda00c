/** What an environment was told over time, and how each ended. */
import type { DeploymentOutcome } from '../contract/deployment-record.ts';
import type { Store } from './store.ts';

export interface HistoryOptions {
  readonly store: Store;
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
export async function readHistory(options: HistoryOptions): Promise<readonly HistoryEntry[]> {
  options.signal.throwIfAborted();
  throw new Error('not built yet');
}
