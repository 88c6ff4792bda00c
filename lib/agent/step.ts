/** The steps of a deployment, and the state that each leads to when it succeeds. Pure. */
import type { RejectionReason, Slot } from '../contract/host-status.ts';
import type { Actual, Intent } from './actual.ts';
import type { SlotObservation } from './ports.ts';

interface Routing {
  readonly active: Slot | null;
  readonly backup: Slot | null;
}

export type Step =
  | { readonly kind: 'accept'; readonly generation: number }
  | ({ readonly kind: 'heal-proxy' } & Routing)
  | { readonly kind: 'survey' }
  | { readonly kind: 'begin'; readonly revision: string; readonly slot: Slot | null }
  | { readonly kind: 'stage'; readonly revision: string }
  | { readonly kind: 'start'; readonly revision: string; readonly slot: Slot }
  | { readonly kind: 'check'; readonly revision: string; readonly slot: Slot }
  | ({ readonly kind: 'switch' } & Routing)
  | ({ readonly kind: 'roll-back' } & Routing)
  | ({ readonly kind: 'fix-backup' } & Routing)
  | { readonly kind: 'soak'; readonly revision: string; readonly slot: Slot }
  | { readonly kind: 'read'; readonly revision: string; readonly slot: Slot }
  | { readonly kind: 'confirm'; readonly revision: string }
  | { readonly kind: 'reject'; readonly revision: string; readonly slot: Slot; readonly reason: RejectionReason }
  | { readonly kind: 'abandon'; readonly revision: string }
  | { readonly kind: 'stop-slot'; readonly slot: Slot }
  | { readonly kind: 'collect-garbage' };

/** The state after a step that succeeds. */
export function foresee(step: Step, actual: Actual, intent: Intent | null): Actual {
  return 'active' in step
    ? { ...actual, proxy: { running: true, active: step.active, backup: step.backup } }
    : { ...actual, ...change(step, actual, intent) };
}

type RoutingStep = Extract<Step, Routing>;

// oxlint-disable-next-line eslint/complexity, typescript/consistent-return -- one case for each kind of step, all of them
function change(step: Exclude<Step, RoutingStep>, actual: Actual, intent: Intent | null): Partial<Actual> {
  const { attempt } = actual;
  switch (step.kind) {
    case 'accept':
      return { generation: step.generation, rejected: retried(actual.rejected, intent) };
    case 'survey':
      return { surveyDue: false };
    case 'begin':
      return { attempt: { revision: step.revision, slot: step.slot, soaked: false, desiredState: 'unknown' } };
    case 'stage':
      return { runnable: [...actual.runnable, step.revision] };
    case 'start':
      return withSlot(actual, step.slot, { kind: 'running', revision: step.revision, pid: 0 });
    case 'check':
      return { checked: [...actual.checked, step.slot] };
    case 'soak':
      return { attempt: attempt && { ...attempt, soaked: true } };
    case 'read':
      return { attempt: attempt && { ...attempt, desiredState: 'readable' } };
    case 'confirm':
      return { previous: actual.confirmed, confirmed: step.revision, attempt: null, garbage: true };
    case 'reject':
      return { rejected: [...actual.rejected, step.revision], attempt: null };
    case 'abandon':
      return { attempt: null };
    case 'stop-slot':
      return withSlot(actual, step.slot, { kind: 'empty' });
    case 'collect-garbage':
      return { garbage: false };
  }
}

function retried(rejected: readonly string[], intent: Intent | null): readonly string[] {
  return intent?.retry === true ? rejected.filter((revision) => revision !== intent.revision) : rejected;
}

function withSlot({ slots, checked }: Actual, slot: Slot, observation: SlotObservation): Partial<Actual> {
  return { slots: { ...slots, [slot]: observation }, checked: checked.filter((one) => one !== slot) };
}
