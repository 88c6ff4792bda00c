/** Waits until the hosts of an environment have decided on a generation, and tells each change. */
import type { DeploymentOutcome } from '../contract/deployment-record.ts';
import { type DesiredState, parseDesiredState } from '../contract/desired-state.ts';
import { desiredStateKey } from '../contract/names.ts';
import { type Clock, systemClock } from './clock.ts';
import { DeliveryError } from './delivery-error.ts';
import { type HostView, countHosts, instanceOf, judgeHosts, summarizeHosts, viewHosts } from './host-view.ts';
import type { Call, Progress } from './progress.ts';
import type { InService } from './in-service.ts';
import { type StacksSight, seeStacks } from './stacks-sight.ts';
import type { Store } from './store.ts';

export type { HostView } from './host-view.ts';

export interface WaitOptions extends Call {
  readonly store: Store;
  readonly desired: DesiredState;
  /** Fewer converged hosts than that are not the end. At least 1. */
  readonly minHosts: number;
  /** Machines in service: reports of others are left out. Undefined: all that report count. */
  readonly instances?: InService;
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
  let seen: Seen = new Map();
  let changedAt = startedAt;
  for (;;) {
    const sight = await patiently(async () => look(options, clock), options, clock);
    const now = clock.now();
    const told = tellChanges(sight.hosts, seen, options.progress);
    if (told.hasChanged) changedAt = now;
    seen = told.seen;
    const end =
      endOf(sight, options, now - changedAt >= settleMs) ??
      (now - startedAt >= timeoutMs ? timedOut(sight, options) : undefined);
    if (end) return { ...end, hosts: sight.hosts, seconds: (now - startedAt) / 1_000 };
    await clock.sleep(intervalMs, signal);
  }
}

/** Tells what hosts do while `work` goes on. Its own faults are told, and end the telling only. */
export async function whileWatching<T>(options: WaitOptions, work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const watching = tellWhatHappens({ ...options, signal }).catch((error: unknown) => {
    if (!signal.aborted) options.progress({ step: 'wait', message: `hosts cannot be watched: ${String(error)}` });
  });
  try {
    return await work();
  } finally {
    over.abort();
    await watching;
  }
}

async function tellWhatHappens(options: WaitOptions): Promise<never> {
  const { intervalMs = 1_000, clock = systemClock, progress, signal } = options;
  for (let seen: Seen = new Map(); ; await clock.sleep(intervalMs, signal)) {
    const { hosts } = await patiently(async () => look(options, clock), options, clock);
    ({ seen } = tellChanges(hosts, seen, progress));
  }
}

type End = Pick<WaitResult, 'outcome' | 'detail'>;

function endOf({ hosts, newer, stacks }: Sight, options: WaitOptions, isQuiet: boolean): End | undefined {
  const { desired } = options;
  if (newer) {
    return { outcome: 'superseded', detail: `generation ${newer.generation} of commit ${newer.commit} came after` };
  }
  // What single machines say is no end while CloudFormation brings them, or may yet undo it.
  if (stacks.kind === 'under-way') return undefined;
  if (stacks.kind === 'undone') return { outcome: 'rejected', detail: stacks.detail };
  const verdict = judgeHosts(hosts, options);
  const isEnd = verdict?.is === 'final' || isQuiet;
  return verdict && isEnd ? { outcome: verdict.outcome, detail: summarizeHosts(hosts, desired) } : undefined;
}

function timedOut({ hosts, stacks }: Sight, { desired, timeoutMs }: WaitOptions): End {
  const still = stacks.kind === 'under-way' ? 'the stacks are still being deployed; ' : '';
  const detail = `after ${Math.round(timeoutMs / 1_000)} s: ${still}${summarizeHosts(hosts, desired)}`;
  return { outcome: 'timed-out', detail };
}

/** Three polls of a host that waits for its turn, and its report. */
function settleTime({ rollout }: DesiredState): number {
  return (3 * rollout.pollSeconds + 3) * 1_000;
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

interface Sight {
  readonly hosts: readonly HostView[];
  readonly newer: DesiredState | undefined;
  readonly stacks: StacksSight;
}

async function look(options: WaitOptions, clock: Clock): Promise<Sight> {
  const { store, desired, instances, signal } = options;
  const [statuses, current, stacks, inService] = await Promise.all([
    store.statuses(signal),
    store.read(desiredStateKey, parseDesiredState, signal),
    seeStacks(store, desired, signal),
    instances?.(signal),
  ]);
  const newer = current && current.value.generation > desired.generation ? current.value : undefined;
  const hosts = viewHosts({ statuses, desired, now: clock.now(), instances: inService });
  return { hosts: stacks.kind === 'carry' ? hosts.filter(isOfTheseStacks) : hosts, newer, stacks };
}

/** Of what the stacks carry, nobody is held: who says so was pinned by the stacks before, and is gone. */
function isOfTheseStacks({ outcome }: HostView): boolean {
  return outcome !== 'held';
}

/** What each host was last told to do. */
type Seen = ReadonlyMap<string, string>;

/** A line for each host whose outcome or step is another than at the last look. */
function tellChanges(hosts: readonly HostView[], before: Seen, progress: Progress) {
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
