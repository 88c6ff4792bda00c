/** Judges what hosts report: pure, from their statuses, the desired state and the time. */
import type { DeploymentRecord } from '../contract/deployment-record.ts';
import { type DesiredState, revisionOf } from '../contract/desired-state.ts';
import { type HostOutcome, type HostStatus, unreachableAfterSeconds } from '../contract/host-status.ts';
import type { StatusEntry } from './store.ts';

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

export interface ViewOptions {
  readonly statuses: readonly StatusEntry[];
  readonly desired: Pick<DesiredState, 'generation'>;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Ids of the machines in service (`i-...`); undefined: not known, all that report count. */
  readonly instances?: readonly string[] | undefined;
}

/** Sorted by host. */
export function viewHosts({ statuses, desired, now, instances }: ViewOptions): readonly HostView[] {
  const isInService = ({ status }: StatusEntry): boolean =>
    instances === undefined || instances.includes(instanceOf(status.host));
  return statuses
    .filter(isInService)
    .map(({ status, writtenAt }) => {
      const ageSeconds = Math.max(0, (now - writtenAt.getTime()) / 1_000);
      const { outcome, detail } = judgeHost(status, ageSeconds, desired.generation);
      return { host: status.host, outcome, detail, status, ageSeconds };
    })
    .sort((a, b) => (a.host < b.host ? -1 : 1));
}

/** The machine's id; the role's id before it is of no use to people. */
export function instanceOf(host: string): string {
  return host.slice(host.lastIndexOf(':') + 1);
}

function judgeHost(status: HostStatus, ageSeconds: number, generation: number): Pick<HostView, 'outcome' | 'detail'> {
  if (ageSeconds > unreachableAfterSeconds) {
    return { outcome: 'unreachable', detail: `silent for ${Math.round(ageSeconds)} s` };
  }
  if (status.generation < generation) {
    return { outcome: 'stale', detail: `still at generation ${status.generation}` };
  }
  return { outcome: status.outcome, detail: hostDetail(status) };
}

function hostDetail(status: HostStatus): string {
  if (status.outcome === 'progressing') return status.detail || status.phase;
  const rejection = status.rejected.at(-1);
  if (status.outcome === 'rejected' && rejection) {
    return status.detail || `${rejection.reason}: ${rejection.detail}`;
  }
  return status.detail;
}

export type HostCounts = DeploymentRecord['hosts'];

export function countHosts(hosts: readonly HostView[]): HostCounts {
  const count = (outcome: HostOutcome): number => hosts.filter((host) => host.outcome === outcome).length;
  return {
    converged: count('converged'),
    rejected: count('rejected'),
    held: count('held'),
    unreachable: count('unreachable'),
    stale: count('stale'),
    progressing: count('progressing'),
  };
}

/**
 * `final`: no report can change it. `settling`: hosts that wait for their turn may still move, so it is the end only when nothing
 * changes for a while. Undefined: not decided.
 */
export type Verdict = { readonly outcome: 'confirmed' | 'rejected' | 'held'; readonly is: 'final' | 'settling' };

export interface JudgeOptions {
  /** Fewer are not the end. */
  readonly minHosts: number;
  readonly desired: Pick<DesiredState, 'freeze' | 'rollout'>;
}

/** A host that is silent for long counts neither way: it may be a machine that is gone. */
export function judgeHosts(hosts: readonly HostView[], { minHosts, desired }: JudgeOptions): Verdict | undefined {
  const counts = countHosts(hosts);
  const decided = counts.converged + counts.rejected + counts.held;
  if (counts.progressing > 0 || decided === 0) return undefined;
  const isComplete = counts.stale === 0 && decided >= Math.max(1, minHosts);
  if (counts.converged === decided) return isComplete ? { outcome: 'confirmed', is: 'final' } : undefined;
  const is = isComplete && isStopped(counts, desired) ? 'final' : 'settling';
  return { outcome: counts.rejected > 0 ? 'rejected' : 'held', is };
}

/** Nobody waits for a turn that could still come. */
function isStopped({ rejected, held }: HostCounts, { freeze, rollout }: JudgeOptions['desired']): boolean {
  return held === 0 || rejected >= rollout.haltAfter || freeze !== null;
}

/** One line per host that did not converge, for people. */
export function summarizeHosts(hosts: readonly HostView[], desired: DesiredState): string {
  const revision = revisionOf(desired).slice(0, 12);
  if (hosts.length === 0) return `no host has reported yet on revision ${revision}`;
  const others = hosts.filter(({ outcome }) => outcome !== 'converged');
  if (others.length === 0) return `${hosts.length} of ${hosts.length} hosts serve revision ${revision}`;
  return others
    .map(({ host, outcome, detail }) => `${instanceOf(host)} ${outcome}${detail ? `: ${detail}` : ''}`)
    .join('\n')
    .slice(0, 4_000);
}
