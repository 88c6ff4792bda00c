/** Steps that may take long: staging, and stopping a slot. They go on in the background while the host is watched. */
import type { Slot } from '../contract/host-status.ts';
import { type Actual, isServing } from './actual.ts';
import { type Core, findPins, noteHealed } from './core.ts';
import { drain } from './drain.ts';
import type { StageResult } from './memory.ts';
import type { Outcome } from './outcome.ts';
import { backOffMs } from './pause.ts';
import { type Staged, stage } from './stage.ts';
import { revisionOf } from './revision.ts';

const done: Outcome = { kind: 'done' };
const pending: Outcome = { kind: 'pending' };
const defaultStopMs = 10_000;
/** What was not confirmed here gets no longer to end: its slot is needed for its own repair. */
const maxCandidateStopMs = 5_000;
/** What is refused will be refused again; it is asked for only because nothing else can be done for a confirmed release. */
const refusedPauseMs = 60_000;

export function stageInBackground(core: Core, revision: string, stop: AbortSignal): Outcome {
  const pins = findPins(core, revision);
  if (pins === null) return done;
  // One at a time: what is wanted now gets the whole line.
  core.tasks.end((name) => name.startsWith('stage ') && name !== `stage ${revision}`);
  core.tasks.start(`stage ${revision}`, stop, async (signal) => {
    const startedMs = core.ports.clock.monotonicMs();
    const props = { ...core, secrets: core.memory.secrets };
    const result = await stage(props, pins, signal).catch(failed);
    const tookMs = Math.round(core.ports.clock.monotonicMs() - startedMs);
    if (!signal.aborted) core.memory.staged.push({ revision, result, tookMs });
  });
  return pending;
}

/** A full disk, for one: it may have room later. */
function failed(error: unknown): Staged {
  return { kind: 'unavailable', cause: 'server', detail: String(error) };
}

/** What staging in the background has brought since the last look. */
export async function settleStaged(core: Core): Promise<readonly (StageResult & { readonly outcome: Outcome })[]> {
  const results = core.memory.staged.splice(0);
  const settled = [];
  for (const one of results) settled.push({ ...one, outcome: await settleOne(core, one) });
  return settled;
}

async function settleOne(core: Core, { revision, result, tookMs }: StageResult): Promise<Outcome> {
  const { state, memory } = core;
  const { attempt } = state.current;
  const isOfAttempt = attempt !== null && revisionOf(attempt.pins) === revision;
  if (result.kind === 'staged') {
    memory.stalled.delete(revision);
    memory.trouble = null;
    if (isOfAttempt) {
      const { bytes } = result;
      await state.update((current) => ({
        ...current,
        timings: { ...current.timings, stagedMs: tookMs, bytesFetched: bytes },
      }));
    } else if (result.bytes > 0) {
      noteHealed(core, 'release fetched again');
    }
    return done;
  }
  if (result.kind === 'refused' && isOfAttempt) {
    return { kind: 'rejected', reason: result.reason, detail: result.detail };
  }
  stall(core, revision, result);
  return done;
}

function stall({ memory, ports, random }: Core, revision: string, result: Exclude<Staged, { kind: 'staged' }>): void {
  const failures = (memory.stalled.get(revision)?.failures ?? 0) + 1;
  const isThrottled = result.kind === 'unavailable' && result.cause === 'throttled';
  const pauseMs =
    result.kind === 'refused' ? refusedPauseMs : backOffMs(failures, random, { baseMs: isThrottled ? 5_000 : 1_000 });
  memory.stalled.set(revision, { failures, untilMs: ports.clock.monotonicMs() + pauseMs });
  memory.trouble = `cannot stage: ${result.detail}`;
  ports.log.write('warn', 'staging failed', { revision, failures, pauseMs, detail: result.detail });
}

/** The slot keeps the connections that it has until they end or the drain is over; only then is it told to stop. */
export async function stopInBackground(core: Core, slot: Slot, { actual, stop }: Leaving): Promise<Outcome> {
  const seen = actual.slots[slot];
  const timeoutMs = stopTimeoutMs(core, seen.kind === 'empty' ? null : seen.revision, actual);
  if (seen.kind === 'exited') {
    await core.ports.supervisor.stop(slot, timeoutMs);
    return done;
  }
  core.tasks.start(stopOf(slot), stop, async (signal) => {
    if (!(await drain(core, slot, signal))) return;
    await core.ports.supervisor.stop(slot, timeoutMs).catch((error: unknown) => {
      core.ports.log.write('warn', 'slot cannot be stopped', { slot, detail: String(error) });
    });
  });
  return pending;
}

/** By what the stop was planned, and the end of the agent: the next one drains again. */
interface Leaving {
  readonly actual: Actual;
  readonly stop: AbortSignal;
}

function stopTimeoutMs({ shelf }: Core, revision: string | null, { confirmed, previous }: Actual): number {
  const declaredMs = revision === null ? null : shelf.get(revision)?.manifest.stop.timeoutMs;
  const wasConfirmed = revision !== null && [confirmed, previous].includes(revision);
  return Math.min(declaredMs ?? defaultStopMs, wasConfirmed ? Infinity : maxCandidateStopMs);
}

/** Makes room for another release. While something serves, what is in the slot leaves as it always does; else it is not waited for. False: not yet. */
export async function vacate(core: Core, slot: Slot, leaving: Leaving): Promise<boolean> {
  const { actual } = leaving;
  if (!isServing(actual)) {
    stay(core, slot);
    await core.tasks.settle(stopOf(slot));
    return true;
  }
  if (actual.slots[slot].kind === 'running') await stopInBackground(core, slot, leaving);
  return !core.tasks.has(stopOf(slot));
}

/** A slot that is on its way out is wanted again: its drain ends. False: look again, it may have been told to stop already. */
export function stay(core: Core, slot: Slot): boolean {
  const name = stopOf(slot);
  if (!core.tasks.has(name)) return true;
  core.tasks.end((one) => one === name);
  return false;
}

function stopOf(slot: Slot): string {
  return `stop ${slot}`;
}
