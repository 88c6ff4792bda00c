/** Decides, without a coordinator, whether this host may take a new revision now. */
import { sha256 } from '../contract/canonical-json.ts';
import type { DesiredState } from '../contract/desired-state.ts';
import { type HostStatus, unreachableAfterSeconds } from '../contract/host-status.ts';
import { revisionOf } from './revision.ts';

export interface FleetMember {
  readonly status: HostStatus;
  /** By the store's clock. */
  readonly ageMs: number;
}

export type Permission =
  | { readonly kind: 'go' }
  /** Others go first. */
  | { readonly kind: 'wait'; readonly detail: string }
  /** Too many hosts have rejected it. */
  | { readonly kind: 'halted'; readonly detail: string };

/** The order in which hosts take a release: another one for each release, so that not always the same host goes first. */
export function rankHosts(hosts: readonly string[], release: string): readonly string[] {
  const ranked = [...new Set(hosts)].map((host) => ({ host, key: sha256(host + release) }));
  return ranked.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ host }) => host);
}

/** Canaries first, then waves; each group goes when all before it have confirmed. `haltAfter` rejections anywhere stop the rest. */
export function permit(host: string, desired: DesiredState, fleet: readonly FleetMember[]): Permission {
  const revision = revisionOf(desired);
  const others = fleet.filter(({ status }) => status.host !== host);
  const rejecting = others.filter(({ status }) => hasRejected(status, desired, revision));
  if (rejecting.length >= desired.rollout.haltAfter) {
    return { kind: 'halted', detail: `rejected by ${names(rejecting.map(({ status }) => status.host))}` };
  }
  const inService = others.filter(
    ({ status, ageMs }) => ageMs <= unreachableAfterSeconds * 1000 && status.serving !== null,
  );
  const ranked = rankHosts([host, ...inService.map(({ status }) => status.host)], desired.release);
  const { canaries, before } = groupsBefore(ranked.indexOf(host), ranked.length, desired);
  const byHost = new Map(inService.map(({ status }) => [status.host, status]));
  const awaited = ranked.slice(0, before).filter((name, rank) => {
    const status = byHost.get(name);
    if (status === undefined || status.confirmed?.revision === revision) return false;
    return rank < canaries || !hasRejected(status, desired, revision);
  });
  return awaited.length === 0 ? { kind: 'go' } : { kind: 'wait', detail: `waits until ${names(awaited)} confirmed` };
}

/** How many hosts are in the groups before that of a rank. */
function groupsBefore(rank: number, hosts: number, { rollout }: DesiredState): { canaries: number; before: number } {
  const canaries = Math.min(rollout.canaries, hosts);
  const bounds = [canaries, ...rollout.waves.map((wave) => Math.max(canaries, Math.ceil((hosts * wave) / 100)))];
  return { canaries, before: bounds.findLast((bound) => bound <= rank) ?? 0 };
}

/** With `retry`, what was rejected under an older generation does not count. */
function hasRejected(status: HostStatus, { retry, generation }: DesiredState, revision: string): boolean {
  return status.rejected.some((one) => one.revision === revision && (!retry || one.generation >= generation));
}

function names(hosts: readonly string[]): string {
  const more = hosts.length - 3;
  return hosts.slice(0, 3).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
