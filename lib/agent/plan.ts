/** The agent's judgement: from what is desired and what is, the steps that lead there. Pure: no clock, no I/O. */
import type { Slot } from '../contract/host-status.ts';
import { type Actual, type Intent, isServing, other, slotOf } from './actual.ts';
import { type Goal, decide } from './goal.ts';
import { type Step, foresee } from './step.ts';

const maxSteps = 40;

/** All steps to the goal, as far as it can be foreseen that each succeeds. Empty: nothing to do, or nothing that may be done now. */
export function plan(intent: Intent | null, actual: Actual): readonly Step[] {
  const steps: Step[] = [];
  let ahead = actual;
  while (steps.length < maxSteps) {
    const step = nextStep(intent, ahead);
    if (step === null) break;
    steps.push(step);
    ahead = foresee(step, ahead, intent);
  }
  return steps;
}

/** The first step; the order of the rules is their importance. */
export function nextStep(intent: Intent | null, actual: Actual): Step | null {
  if (intent !== null && intent.generation > actual.generation) {
    return { kind: 'accept', generation: intent.generation };
  }
  const goal = decide(intent, actual);
  return (
    healProxy(actual) ??
    rejectFailed(actual) ??
    abandonOther(goal, actual) ??
    serveSomething(goal, actual) ??
    survey(intent, goal, actual) ??
    (goal.kind === 'deploy' ? deploySteps(goal.revision, actual) : keepSteps(goal.revision, actual))
  );
}

function healProxy({ proxy }: Actual): Step | null {
  return proxy.running ? null : { kind: 'heal-proxy', active: proxy.active, backup: proxy.backup };
}

function rejectFailed({ attempt, slots }: Actual): Step | null {
  if (attempt === null || attempt.slot === null) return null;
  const { revision, slot } = attempt;
  const observation = slots[slot];
  if (observation.kind === 'exited' && observation.revision === revision) {
    return { kind: 'reject', revision, slot, reason: 'exited' };
  }
  return attempt.desiredState === 'lost'
    ? { kind: 'reject', revision, slot, reason: 'desired-state-unreadable' }
    : null;
}

function abandonOther(goal: Goal, { attempt }: Actual): Step | null {
  if (attempt === null || (goal.kind === 'deploy' && goal.revision === attempt.revision)) return null;
  return { kind: 'abandon', revision: attempt.revision };
}

/** Nothing answers requests, and something is known to be good: that goes first, whatever is desired. */
function serveSomething(goal: Goal, actual: Actual): Step | null {
  if (actual.confirmed === null || isServing(actual)) return null;
  const at = slotOf(actual.confirmed, actual);
  if (at !== null) return { kind: 'roll-back', active: at, backup: null };
  const isBlocked = goal.kind === 'deploy' && actual.stalled.includes(actual.confirmed);
  return isBlocked ? null : restart(actual.confirmed, actual);
}

function survey(intent: Intent | null, goal: Goal, actual: Actual): Step | null {
  if (!actual.surveyDue || intent === null) return null;
  const { revision, frozen } = intent;
  const isSettled = [actual.confirmed, actual.previous, ...actual.rejected].includes(revision) || frozen;
  const hasBegun = actual.attempt !== null || (goal.kind === 'deploy' && actual.permission?.kind === 'go');
  return isSettled || hasBegun ? null : { kind: 'survey' };
}

function deploySteps(revision: string, actual: Actual): Step | null {
  const at = slotOf(revision, actual);
  if (actual.attempt === null) return { kind: 'begin', revision, slot: at };
  if (!actual.runnable.includes(revision)) return stage(revision, actual);
  return at === null ? bringUp(revision, actual) : putInService(revision, at, actual);
}

function bringUp(revision: string, actual: Actual): Step | null {
  const { active } = actual.proxy;
  const confirmedAt = actual.confirmed === null ? null : slotOf(actual.confirmed, actual);
  // An attempt that a newer generation overtook serves: only going back first leaves a slot free beside the confirmed one.
  if (confirmedAt !== null && confirmedAt !== active) return goBack(actual.confirmed, confirmedAt, actual);
  const slot = candidateSlot(actual);
  if (actual.slots[slot].kind === 'exited') return { kind: 'stop-slot', slot };
  return { kind: 'start', revision, slot };
}

function putInService(revision: string, slot: Slot, actual: Actual): Step | null {
  const { active, backup } = actual.proxy;
  if (!actual.checked.includes(slot)) return { kind: 'check', revision, slot };
  const spare = actual.slots[other(slot)].kind === 'running' ? other(slot) : null;
  if (active !== slot) return { kind: 'switch', active: slot, backup: spare };
  return (
    restartSpare(actual) ??
    (backup === spare ? soakSteps(revision, slot, actual) : { kind: 'fix-backup', active, backup: spare })
  );
}

/** The way back died during the soak: it comes back, if nothing must be fetched for it. */
function restartSpare(actual: Actual): Step | null {
  const { confirmed } = actual;
  const isMissing = confirmed !== null && slotOf(confirmed, actual) === null && actual.runnable.includes(confirmed);
  return isMissing ? restart(confirmed, actual) : null;
}

function soakSteps(revision: string, slot: Slot, { attempt }: Actual): Step {
  if (attempt?.soaked !== true) return { kind: 'soak', revision, slot };
  return attempt.desiredState === 'unknown' ? { kind: 'read', revision, slot } : { kind: 'confirm', revision };
}

function keepSteps(revision: string | null, actual: Actual): Step | null {
  const isConfirmed = revision !== null && revision === actual.confirmed;
  return (isConfirmed ? holdInService(revision, actual) : null) ?? tidy(isConfirmed ? revision : null, actual);
}

function holdInService(revision: string, actual: Actual): Step | null {
  const at = slotOf(revision, actual);
  if (at === null) return restart(revision, actual);
  return at === actual.proxy.active ? null : goBack(revision, at, actual);
}

/** Only what is not needed: the slot that serves is never touched here. */
function tidy(confirmed: string | null, actual: Actual): Step | null {
  const { active, backup } = actual.proxy;
  if (backup !== null) return { kind: 'fix-backup', active, backup: null };
  const isUnused = (slot: Slot): boolean => slot !== active && actual.slots[slot].kind !== 'empty';
  const idle: readonly Slot[] = ['blue', 'green'];
  const unused = idle.find(isUnused);
  if (unused !== undefined) return { kind: 'stop-slot', slot: unused };
  if (confirmed !== null && !actual.runnable.includes(confirmed)) return stage(confirmed, actual);
  return actual.garbage ? { kind: 'collect-garbage' } : null;
}

/** Back to a process that runs already: checked first, but only while something else can answer meanwhile. */
function goBack(revision: string | null, slot: Slot, actual: Actual): Step {
  const isSure = actual.checked.includes(slot) || !isServing(actual) || revision === null;
  return isSure ? { kind: 'roll-back', active: slot, backup: null } : { kind: 'check', revision, slot };
}

function restart(revision: string, actual: Actual): Step | null {
  if (!actual.mayRestart) return null;
  return actual.runnable.includes(revision)
    ? { kind: 'start', revision, slot: freeSlot(actual) }
    : stage(revision, actual);
}

function stage(revision: string, actual: Actual): Step | null {
  return actual.stalled.includes(revision) ? null : { kind: 'stage', revision };
}

/** Where what is known to be good comes up: where requests go already, unless something answers there. */
function freeSlot(actual: Actual): Slot {
  const { active } = actual.proxy;
  return active === null || isServing(actual) ? candidateSlot(actual) : active;
}

/** Never where requests go: what comes up there is not known to be good. */
function candidateSlot({ proxy, slots }: Actual): Slot {
  if (proxy.active !== null) return other(proxy.active);
  return slots.blue.kind === 'running' ? 'green' : 'blue';
}
