/** Waits until the hosts of an environment have decided on a generation, and tells each change. */
import type { DeploymentOutcome } from '../contract/deployment-record.ts';
import { type DesiredState, parseDesiredState } from '../contract/desired-state.ts';
import { desiredStateKey } from '../contract/names.ts';
import { type Clock, systemClock } from './clock.ts';
import { DeliveryError } from './delivery-error.ts';
import {
  type HostView,
  type Verdict,
  countHosts,
  instanceOf,
  judgeHosts,
  summarizeHosts,
  viewHosts,
} from './host-view.ts';
import type { Call, Progress } from './progress.ts';
import type { Store } from './store.ts';

export type { HostView } from './host-view.ts';

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

/** Throws `DeliveryError`; any outcome of the hosts is a result. */
export async function waitForHosts(options: WaitOptions): Promise<WaitResult> {
  const { desired, signal, timeoutMs, intervalMs = 1_000, clock = systemClock } = options;
  const startedAt = clock.now();
  const settleMs = settleTime(desired);
  let seen = new Map<string, string>();
  let changedAt = startedAt;
  for (;;) {
    const { hosts, newer } = await patiently(async () => look(options, clock), options, clock);
    const now = clock.now();
    const told = tellChanges(hosts, seen, options.progress);
    if (told.hasChanged) changedAt = now;
    seen = told.seen;
    const end = (outcome: DeploymentOutcome, detail: string): WaitResult => {
      return { outcome, detail, hosts, seconds: (now - startedAt) / 1_000 };
    };
    if (newer) return end('superseded', `generation ${newer.generation} of commit ${newer.commit} came after`);
    const verdict = judgeHosts(hosts, options);
    if (verdict && isEnd(verdict, now - changedAt, settleMs))
      return end(verdict.outcome, summarizeHosts(hosts, desired));
    if (now - startedAt >= timeoutMs) {
      return end('timed-out', `after ${Math.round(timeoutMs / 1_000)} s: ${summarizeHosts(hosts, desired)}`);
    }
    await clock.sleep(intervalMs, signal);
  }
}

/** Three polls of a host that waits for its turn, and its report. */
function settleTime({ rollout }: DesiredState): number {
  return (3 * rollout.pollSeconds + 3) * 1_000;
}

function isEnd({ is }: Verdict, quietMs: number, settleMs: number): boolean {
  return is === 'final' || quietMs >= settleMs;
}

/** Hosts go on without us: an outage of the store that is shorter than this does not end the waiting. */
const patience = 15;

async function patiently<T>(work: () => Promise<T>, { progress, signal }: WaitOptions, clock: Clock): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const isOutage = error instanceof DeliveryError && ['network', 'store-failed'].includes(error.code);
      if (!isOutage || attempt >= patience) throw error;
      progress({ step: 'wait', message: `the store does not answer, trying again: ${error.complaint.wrong}` });
      await clock.sleep(2_000, signal);
    }
  }
}

async function look({ store, desired, instances, signal }: WaitOptions, clock: Clock) {
  const [statuses, current, inService] = await Promise.all([
    store.statuses(signal),
    store.read(desiredStateKey, parseDesiredState, signal),
    instances?.(signal),
  ]);
  const newer = current && current.value.generation > desired.generation ? current.value : undefined;
  return { hosts: viewHosts({ statuses, desired, now: clock.now(), instances: inService }), newer };
}

/** A line for each host whose outcome or step is another than at the last look. */
function tellChanges(hosts: readonly HostView[], before: ReadonlyMap<string, string>, progress: Progress) {
  const seen = new Map<string, string>();
  let hasChanged = hosts.length !== before.size;
  for (const { host, outcome, detail, status } of hosts) {
    const state = outcome === 'progressing' ? `${outcome} ${status.phase}` : outcome;
    seen.set(host, state);
    if (before.get(host) === state) continue;
    hasChanged = true;
    const phase = outcome === 'progressing' ? status.phase : null;
    const what = phase ?? outcome;
    progress({
      step: 'wait',
      message: `${instanceOf(host)} ${what}${detail && detail !== what ? `: ${firstLine(detail)}` : ''}`,
      fields: { host, outcome, phase, generation: status.generation, ...countHosts(hosts) },
    });
  }
  return { seen, hasChanged };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
