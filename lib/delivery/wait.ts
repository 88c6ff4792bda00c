/** Waits until the hosts of an environment have decided on a generation, and tells each change. */
import type { DeploymentOutcome } from '../contract/deployment-record.ts';
import type { DesiredState } from '../contract/desired-state.ts';
import type { HostOutcome, HostStatus } from '../contract/host-status.ts';
import type { Clock } from './clock.ts';
import type { Call } from './progress.ts';
import type { Store } from './store.ts';

/** One host, as a reader of all hosts sees it. */
export interface HostView {
  readonly host: string;
  readonly outcome: HostOutcome;
  /** For people. */
  readonly detail: string;
  readonly status: HostStatus;
  /** Since its last report. */
  readonly ageSeconds: number;
}

export interface WaitOptions extends Call {
  readonly store: Store;
  readonly desired: DesiredState;
  /** Fewer converged hosts than that are not the end. At least 1. */
  readonly minHosts: number;
  /** Ids of the machines in service (`i-...`), if known: reports of others are left out. Undefined: all that report count. */
  readonly instances?: (signal: AbortSignal) => Promise<readonly string[] | undefined>;
  readonly timeoutMs: number;
  readonly clock?: Clock;
  /** Between two looks; default 1,000. */
  readonly intervalMs?: number;
}

export interface WaitResult {
  readonly outcome: DeploymentOutcome;
  /** For people: which host said what, or which generation came after. */
  readonly detail: string;
  readonly hosts: readonly HostView[];
  readonly seconds: number;
}

export async function waitForHosts(options: WaitOptions): Promise<WaitResult> {
  options.signal.throwIfAborted();
  throw new Error('not built yet');
}
