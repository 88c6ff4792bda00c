/** Steps that may take long: staging, and stopping a slot. They go on in the background while the host is watched. */
import type { Slot } from '../contract/host-status.ts';
import type { Actual } from './actual.ts';
import { type Core, findPins, noteHealed } from './core.ts';
import type { StageResult } from './memory.ts';
import type { Outcome } from './outcome.ts';
import { backOffMs, never } from './pause.ts';
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

export async function stopInBackground(core: Core, slot: Slot, actual: Actual): Promise<Outcome> {
  const seen = actual.slots[slot];
  const revision = seen.kind === 'empty' ? null : seen.revision;
  const declaredMs = revision === null ? null : core.shelf.get(revision)?.manifest.stop.timeoutMs;
  const wasConfirmed = revision !== null && [actual.confirmed, actual.previous].includes(revision);
  const timeoutMs = Math.min(declaredMs ?? defaultStopMs, wasConfirmed ? Infinity : maxCandidateStopMs);
  if (seen.kind === 'exited') {
    await core.ports.supervisor.stop(slot, timeoutMs);
    return done;
  }
  core.tasks.start(`stop ${slot}`, never, async () => {
    await core.ports.supervisor.stop(slot, timeoutMs).catch((error: unknown) => {
      core.ports.log.write('warn', 'slot cannot be stopped', { slot, detail: String(error) });
    });
  });
  return pending;
}
