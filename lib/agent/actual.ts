/** What the agent knows of its host when it judges: plain data, and the questions that it is asked. */
import type { Slot } from '../contract/host-status.ts';
import type { SlotObservation } from './ports.ts';
import type { Permission } from './rollout.ts';

/** What is asked of this host, by the desired state or by what the machine is pinned to; revisions stand for all that they pin. */
export interface Intent {
  readonly generation: number;
  readonly revision: string;
  readonly fallback: string | null;
  readonly retry: boolean;
  readonly frozen: boolean;
  /** Why this machine will never run what the desired state names; null: it aims at just that. */
  readonly pinnedElsewhere: string | null;
}

export interface Actual {
  /** Accepted; 0: none yet. */
  readonly generation: number;
  readonly confirmed: string | null;
  readonly previous: string | null;
  readonly rejected: readonly string[];
  readonly attempt: AttemptFacts | null;
  readonly slots: Readonly<Record<Slot, SlotObservation>>;
  readonly proxy: { readonly running: boolean; readonly active: Slot | null; readonly backup: Slot | null };
  /** Revisions that could be started now, from what is on this host. */
  readonly runnable: readonly string[];
  /** Revisions whose staging failed just now: not before their pause is over. */
  readonly stalled: readonly string[];
  /** Slots whose process passed its checks since it was started. */
  readonly checked: readonly Slot[];
  /** Null: the other hosts were not looked at yet. */
  readonly permission: Permission | null;
  readonly surveyDue: boolean;
  /** False while a crashing release pauses before its next restart. */
  readonly mayRestart: boolean;
  readonly garbage: boolean;
}

export interface AttemptFacts {
  readonly revision: string;
  readonly slot: Slot | null;
  readonly soaked: boolean;
  /** `lost`: it cannot be read any more, could be before the switch, and was given time. */
  readonly desiredState: 'unknown' | 'readable' | 'lost';
}

export function other(slot: Slot): Slot {
  return slot === 'blue' ? 'green' : 'blue';
}

export function runningRevision(observation: SlotObservation): string | null {
  return observation.kind === 'running' ? observation.revision : null;
}

export function isRunning(observation: SlotObservation, revision: string): boolean {
  return runningRevision(observation) === revision;
}

export function isServing({ proxy, slots }: Actual): boolean {
  return proxy.active !== null && slots[proxy.active].kind === 'running';
}

/** Where a revision runs: the slot that serves, if it runs in both. */
export function slotOf(revision: string, { proxy, slots }: Actual): Slot | null {
  const order: readonly Slot[] = proxy.active === 'green' ? ['green', 'blue'] : ['blue', 'green'];
  return order.find((slot) => isRunning(slots[slot], revision)) ?? null;
}
