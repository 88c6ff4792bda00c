/** Does the steps of the plan, one at a time; the record of each is on disk before it starts. */
import type { Pins } from '../contract/desired-state.ts';
import type { Phase, RejectionReason, Slot } from '../contract/host-status.ts';
import type { Actual } from './actual.ts';
import { abandon, accept, begin, changeAttempt, confirm, reject } from './agent-state.ts';
import { type Core, findPins, timeNow } from './core.ts';
import { garbageKey, keptRevisions, newestDesired } from './observe.ts';
import type { Outcome } from './outcome.ts';
import { routeTo } from './route-to.ts';
import { blobsOf } from './revision-shelf.ts';
import { stageInBackground, stay, stopInBackground } from './slow-steps.ts';
import { startSlot } from './start-slot.ts';
import type { Step } from './step.ts';
import { survey } from './survey.ts';
import { checkSlice, readSlice, soakSlice } from './watch-health.ts';
import { revisionOf } from './revision.ts';

const done: Outcome = { kind: 'done' };
const pending: Outcome = { kind: 'pending' };
const maxTailBytes = 1_500;
const maxDetailLength = 3_900;

const phases: Partial<Record<Step['kind'], Phase>> = {
  stage: 'staging',
  start: 'starting',
  check: 'checking',
  switch: 'switching',
  soak: 'soaking',
  read: 'soaking',
  'roll-back': 'rolling-back',
};

/** `signal` ends what waits; `stop` is the end of the agent itself; `actual` is what the step was planned by. */
export interface Turn {
  readonly actual: Actual;
  readonly signal: AbortSignal;
  readonly stop: AbortSignal;
}

export async function perform(core: Core, step: Step, turn: Turn): Promise<Outcome> {
  await recordPhase(core, step);
  const outcome = await execute(core, step, turn);
  if (outcome.kind === 'rejected' && 'revision' in step) {
    await rejectAttempt(core, step.revision, { slot: 'slot' in step ? step.slot : null, ...outcome });
    return done;
  }
  return outcome;
}

async function recordPhase({ state, memory }: Core, step: Step): Promise<void> {
  const { attempt } = state.current;
  const phase = phases[step.kind] ?? 'idle';
  const isOfAttempt = attempt !== null && (!('revision' in step) || step.revision === revisionOf(attempt.pins));
  memory.phase = isOfAttempt || step.kind === 'roll-back' ? phase : 'idle';
  if (isOfAttempt && phase !== 'idle' && attempt.phase !== phase) {
    await state.update((current) => changeAttempt(current, { phase }));
  }
}

// oxlint-disable-next-line eslint/complexity, typescript/consistent-return -- one case for each kind of step, all of them
async function execute(core: Core, step: Step, turn: Turn): Promise<Outcome> {
  const { signal, stop } = turn;
  if (!wantedSlots(step).every((slot) => stay(core, slot))) return pending;
  switch (step.kind) {
    case 'accept':
      return await acceptNewest(core);
    case 'survey':
      return await survey(core, signal);
    case 'begin':
      return await beginAttempt(core, step.revision, step.slot);
    case 'stage':
      return stageInBackground(core, step.revision, stop);
    case 'start':
      return await startSlot(core, step, turn);
    case 'check':
      return await checkSlice(core, step, signal);
    case 'heal-proxy':
    case 'switch':
    case 'roll-back':
    case 'fix-backup':
      return await routeTo(core, step, stop);
    case 'soak':
      return await soakSlice(core, step, signal);
    case 'read':
      return await readSlice(core, step, signal);
    case 'confirm':
      return await confirmAttempt(core);
    case 'reject':
      return { kind: 'rejected', reason: step.reason, detail: '' };
    case 'abandon':
      await core.state.update(abandon);
      return done;
    case 'stop-slot':
      return await stopInBackground(core, step.slot, turn);
    case 'collect-garbage':
      return await collectGarbage(core);
  }
}

/** Slots that the step sends requests to, or is about to. */
function wantedSlots(step: Step): readonly Slot[] {
  if ('active' in step) return [step.active, step.backup].filter((slot) => slot !== null);
  const isWanted = step.kind === 'begin' || step.kind === 'check';
  return isWanted && step.slot !== null ? [step.slot] : [];
}

async function acceptNewest(core: Core): Promise<Outcome> {
  const desired = newestDesired(core);
  if (desired === null) return done;
  await core.state.update((state) => accept(state, desired));
  core.memory.stalled.clear();
  core.memory.trouble = null;
  const aimed = revisionOf(core.pinned ?? desired);
  core.tasks.end((name) => name.startsWith('stage ') && name !== `stage ${aimed}`);
  return done;
}

async function beginAttempt(core: Core, revision: string, slot: Slot | null): Promise<Outcome> {
  const pins = findPins(core, revision);
  if (pins === null) return done;
  core.memory.soak = null;
  core.memory.check = null;
  await core.state.update((state) => begin(state, pins, slot));
  return done;
}

async function confirmAttempt(core: Core): Promise<Outcome> {
  const at = timeNow(core);
  const revision = core.state.current.attempt === null ? null : revisionOf(core.state.current.attempt.pins);
  const entry = revision === null ? null : core.shelf.get(revision);
  // First the shelf: if the state is lost later, the newest confirmed revision is found there.
  if (entry !== null) await core.shelf.put({ ...entry, confirmedAt: at });
  await core.state.update((state) => confirm(state, at));
  core.memory.soak = null;
  core.memory.restart = null;
  core.memory.trouble = null;
  return done;
}

interface Failure {
  readonly slot: Slot | null;
  readonly reason: RejectionReason;
  readonly detail: string;
}

export async function rejectAttempt(core: Core, revision: string, failure: Failure): Promise<void> {
  const pins = findPins(core, revision);
  const { attempt, desired } = core.state.current;
  if (pins === null || attempt === null || revisionOf(attempt.pins) !== revision) {
    // What was confirmed is not rejected for failing later: it is all that this host has.
    core.memory.trouble = `${failure.reason}: ${failure.detail}`;
    core.ports.log.write('warn', 'confirmed release does not come up', { revision, ...failure });
    return;
  }
  const detail = await describeFailure(core, failure);
  await core.state.update((state) =>
    reject(state, {
      revision,
      release: pins.release,
      generation: desired?.generation ?? attempt.generation,
      reason: failure.reason,
      detail,
      at: timeNow(core),
    }),
  );
  core.memory.soak = null;
  core.memory.check = null;
  core.ports.log.write('error', 'rejected', { ...namesOf(core, pins), reason: failure.reason, detail });
}

async function describeFailure(core: Core, { slot, detail }: Failure): Promise<string> {
  const seen = slot === null ? null : await core.ports.supervisor.inspect(slot);
  const exit = seen?.kind === 'exited' && detail === '' ? seen.detail : detail;
  const tail = slot === null ? '' : (await core.ports.supervisor.logTail(slot, maxTailBytes)).trim();
  return core.memory.secrets.redact(tail === '' ? exit : `${exit}\n${tail}`).slice(0, maxDetailLength);
}

async function collectGarbage(core: Core): Promise<Outcome> {
  const kept = keptRevisions(core);
  const entries = core.shelf.all.filter(({ pins }) => kept.includes(revisionOf(pins)));
  await core.ports.blobs.keepOnly(entries.flatMap(({ manifest }) => blobsOf(manifest).map(({ sha256 }) => sha256)));
  if (entries.length < core.shelf.all.length) await core.shelf.keepOnly(kept);
  core.memory.secrets.forgetAllBut(entries.map(({ pins }) => pins));
  core.memory.collected = garbageKey(core);
  return done;
}

export function namesOf(core: Core, pins: Pins) {
  const { desired } = core.state.current;
  return { release: pins.release.slice(0, 12), revision: revisionOf(pins), generation: desired?.generation ?? 0 };
}
