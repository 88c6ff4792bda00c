/** Goes back by a commit: a new one on the environment's branch whose tree equals an earlier, confirmed one. */
import type { HistoryEntry } from './history.ts';
import type { Call, Variables } from './progress.ts';

export interface RollbackOptions extends Call {
  readonly repository: string;
  /** Of the environment: `dev`. */
  readonly branch: string;
  /** Name or URL of the remote; usually `origin`. */
  readonly remote: string;
  /** The newest first, as `readHistory` gives it. */
  readonly history: readonly HistoryEntry[];
  /** A commit that was confirmed in this environment; null: the last one before the current. */
  readonly to: string | null;
  readonly by: string;
  readonly reason: string;
  /** Says what would be done; makes no commit. */
  readonly isDryRun: boolean;
  readonly variables: Variables;
}

export interface Rollback {
  /** Tip of the branch before. */
  readonly from: string;
  /** The confirmed commit whose tree comes back. */
  readonly to: string;
  readonly tree: string;
  /** The new commit; null in a dry run. */
  readonly commit: string | null;
  readonly message: string;
}

/** Throws `DeliveryError`. */
export async function rollback(options: RollbackOptions): Promise<Rollback> {
  options.signal.throwIfAborted();
  throw new Error('not built yet');
}
