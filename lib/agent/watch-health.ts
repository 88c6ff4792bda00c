/** Asks a slot for its health: as a candidate before it gets traffic, and throughout its soak. */
import type { Slot } from '../contract/host-status.ts';
import type { Health } from '../contract/release-manifest.ts';
import { changeAttempt } from './agent-state.ts';
import type { Core } from './core.ts';
import type { SoakWatch } from './memory.ts';
import { pause, within } from './pause.ts';
import type { Outcome } from './outcome.ts';
import { revisionOf } from './revision.ts';

/** Between two looks at the rest of the host. */
const sliceMs = 1_000;
/** A single slow answer under load is no reason to go back; a failure that stays is. */
const maxFailuresInRow = 3;
/** Health that comes and goes never confirms. */
const maxFailures = 6;
/** A desired state that cannot be read after the switch, and could be before: so long an outage of S3 is waited for. */
const unreadableGraceMs = 60_000;
const pauseBetweenReadsMs = 1_000;
const readBeforeSwitchMs = 1_000;

interface Watched {
  readonly revision: string;
  readonly slot: Slot;
}

/** One slice of the checks: `done` when it passed, or when the plan must look again. */
export async function checkSlice(core: Core, watched: Watched, signal: AbortSignal): Promise<Outcome> {
  const { clock } = core.ports;
  const health = core.shelf.get(watched.revision)?.manifest.health;
  if (health === undefined) return { kind: 'done' };
  const untilMs = clock.monotonicMs() + sliceMs;
  while (!signal.aborted && clock.monotonicMs() < untilMs) {
    if (!(await isUp(core, watched))) break;
    const ended = await checkOnce(core, watched, health, signal);
    if (ended !== null) return ended;
    await pause(clock, health.intervalMs, signal);
  }
  return { kind: 'done' };
}

async function checkOnce(core: Core, watched: Watched, health: Health, signal: AbortSignal): Promise<Outcome | null> {
  const check = checkOf(core, watched);
  const answer = await ask(core, watched.slot, health, signal);
  if (signal.aborted) return null;
  check.passes = answer.healthy ? check.passes + 1 : 0;
  if (!answer.healthy) check.lastDetail = answer.detail;
  const elapsedMs = core.ports.clock.monotonicMs() - check.startedAtMs;
  if (check.passes >= health.passes) return await passed(core, watched, elapsedMs, signal);
  if (elapsedMs <= health.deadlineMs) return null;
  core.memory.check = null;
  const detail = `not healthy within ${health.deadlineMs} ms: ${check.lastDetail}`;
  return { kind: 'rejected', reason: 'unhealthy', detail };
}

function checkOf({ memory, ports }: Core, { revision, slot }: Watched) {
  const known = memory.check;
  if (known !== null && known.revision === revision && known.slot === slot) return known;
  const startedAtMs = ports.clock.monotonicMs();
  const check = { revision, slot, startedAtMs, passes: 0, lastDetail: 'no answer yet' };
  memory.check = check;
  return check;
}

async function passed(core: Core, watched: Watched, elapsedMs: number, signal: AbortSignal): Promise<Outcome> {
  const { memory, state } = core;
  memory.checked.add(watched.slot);
  memory.check = null;
  if (state.current.attempt === null || revisionOf(state.current.attempt.pins) !== watched.revision) {
    return { kind: 'done' };
  }
  const readableBefore = await isReadableNow(core, signal);
  await state.update((current) => ({
    ...changeAttempt(current, { phase: 'switching', readableBefore }),
    timings: { ...current.timings, startedMs: current.timings.startedMs ?? Math.round(elapsedMs) },
  }));
  return { kind: 'done' };
}

/** Asked right before the switch, but the switch does not wait for an answer that does not come. */
async function isReadableNow({ ports, source }: Core, signal: AbortSignal): Promise<boolean> {
  const limit = { ms: readBeforeSwitchMs, signal };
  return (await within(ports.clock, limit, (inner) => source.readNow(inner))) ?? false;
}

/** One slice of the soak. */
export async function soakSlice(core: Core, watched: Watched, signal: AbortSignal): Promise<Outcome> {
  const { clock } = core.ports;
  const soak = soakOf(core, watched.revision);
  const soakMs = soakMsOf(core);
  const untilMs = clock.monotonicMs() + sliceMs;
  const intervalMs = Math.min(core.shelf.get(watched.revision)?.manifest.health.intervalMs ?? sliceMs, sliceMs);
  while (!signal.aborted) {
    const ended = await soakOnce(core, watched, signal);
    if (ended !== null) return ended;
    const nowMs = clock.monotonicMs();
    const restMs = soak.healthySinceMs + soakMs - nowMs;
    if (nowMs >= untilMs || (soak.failuresInRow === 0 && restMs <= 0)) break;
    await pause(clock, Math.max(1, Math.min(intervalMs, restMs)), signal);
  }
  return { kind: 'done' };
}

function soakMsOf({ state }: Core): number {
  return (state.current.desired?.rollout.soakSeconds ?? 0) * 1000;
}

function soakOf({ memory, ports }: Core, revision: string): SoakWatch {
  if (memory.soak !== null && memory.soak.revision === revision) return memory.soak;
  const soak: SoakWatch = {
    revision,
    healthySinceMs: ports.clock.monotonicMs(),
    failures: 0,
    failuresInRow: 0,
    lastDetail: '',
    unreadableSinceMs: null,
    desiredState: 'unknown',
  };
  memory.soak = soak;
  return soak;
}

async function soakOnce(core: Core, { revision, slot }: Watched, signal: AbortSignal): Promise<Outcome | null> {
  const soak = soakOf(core, revision);
  const health = core.shelf.get(revision)?.manifest.health;
  // The plan sees what became of it.
  if (health === undefined || !(await isUp(core, { revision, slot }))) return { kind: 'done' };
  const answer = await ask(core, slot, health, signal);
  if (signal.aborted) return null;
  if (answer.healthy) {
    soak.failuresInRow = 0;
    return null;
  }
  soak.failures += 1;
  soak.failuresInRow += 1;
  soak.healthySinceMs = core.ports.clock.monotonicMs();
  soak.lastDetail = answer.detail;
  if (soak.failuresInRow < maxFailuresInRow && soak.failures < maxFailures) return null;
  return { kind: 'rejected', reason: 'unhealthy', detail: `failed in its soak: ${answer.detail}` };
}

/** Relative to before: an outage that began before the switch must not look like a bad release. */
export async function readSlice(core: Core, watched: Watched, signal: AbortSignal): Promise<Outcome> {
  const failed = await soakOnce(core, watched, signal);
  if (failed !== null) return failed;
  const soak = soakOf(core, watched.revision);
  const isRead = await core.source.readNow(signal);
  if (signal.aborted) return { kind: 'done' };
  if (isRead || core.state.current.attempt?.readableBefore === false) {
    soak.desiredState = 'readable';
    return { kind: 'done' };
  }
  const nowMs = core.ports.clock.monotonicMs();
  soak.unreadableSinceMs ??= nowMs;
  if (nowMs - soak.unreadableSinceMs > unreadableGraceMs) soak.desiredState = 'lost';
  else await pause(core.ports.clock, pauseBetweenReadsMs, signal);
  return { kind: 'done' };
}

async function isUp({ ports }: Core, { revision, slot }: Watched): Promise<boolean> {
  const seen = await ports.supervisor.inspect(slot);
  return seen.kind === 'running' && seen.revision === revision;
}

async function ask({ ports }: Core, slot: Slot, health: Health, signal: AbortSignal) {
  const answer = await within(ports.clock, { ms: health.timeoutMs, signal }, (inner) =>
    ports.probe.check(slot, health, inner),
  );
  return answer ?? { healthy: false, detail: `no answer within ${health.timeoutMs} ms` };
}
