/** Looks at the host and says what is, in the plain facts that the plan judges by. */
import type { DesiredState, Pins } from '../contract/desired-state.ts';
import type { Slot } from '../contract/host-status.ts';
import type { Actual, AttemptFacts, Intent } from './actual.ts';
import { shortDigest } from '../contract/names.ts';
import type { Core } from './core.ts';
import type { SoakWatch } from './memory.ts';
import { within } from './pause.ts';
import type { SlotObservation } from './ports.ts';
import { blobsOf } from './revision-shelf.ts';
import { revisionOf } from './revision.ts';

const proxyTimeoutMs = 3_000;
/** Drift of files is to be noticed within 30 s; a process that died is, at the next look. */
const fileLookMs = 10_000;

/** A freeze ends by the calendar: the only decision that the wall clock takes part in. */
export function intentOf(core: Core): Intent | null {
  const desired = newestDesired(core);
  if (core.pinned !== null) return pinnedIntent(core.pinned, desired);
  if (desired === null) return null;
  const { generation, fallback, retry, freeze } = desired;
  return {
    generation,
    revision: revisionOf(desired),
    fallback: fallback && revisionOf(fallback),
    retry,
    frozen: freeze !== null && core.ports.clock.now().getTime() < Date.parse(freeze.until),
    pinnedElsewhere: null,
  };
}

/** The desired state tells a pinned machine its generation and nothing else: there is no fallback, and nothing to freeze. */
export function pinnedIntent(pinned: Pins, desired: DesiredState | null): Intent {
  const revision = revisionOf(pinned);
  const isDesired = desired === null || revisionOf(desired) === revision;
  const detail = `pinned to release ${shortDigest(pinned.release)}: a deploy replaces this machine`;
  return {
    generation: desired?.generation ?? 0,
    revision,
    fallback: null,
    retry: isDesired && desired?.retry === true,
    frozen: false,
    pinnedElsewhere: isDesired ? null : detail,
  };
}

export function newestDesired({ source, state }: Core): DesiredState | null {
  const { newest } = source;
  const accepted = state.current.desired;
  return newest !== null && newest.generation > (accepted?.generation ?? 0) ? newest : accepted;
}

export async function observe(core: Core, signal: AbortSignal): Promise<Actual> {
  const { state, memory, ports } = core;
  const { desired, rejected } = state.current;
  const [blue, green, proxy, runnable] = await Promise.all([
    ports.supervisor.inspect('blue'),
    ports.supervisor.inspect('green'),
    inspectProxy(core, signal),
    runnableRevisions(core),
  ]);
  const slots = { blue, green };
  forgetEnded(core, slots);
  return {
    generation: desired?.generation ?? 0,
    ...provenRevisions(core),
    rejected: rejected.map(({ revision }) => revision),
    slots,
    proxy,
    runnable,
    checked: [...memory.checked],
    garbage: garbageKey(core) !== memory.collected,
    ...timedFacts(core),
  };
}

/** What an image or an earlier life of the machine left confirmed does not count on a pinned one. */
function provenRevisions({ state, pinned }: Core): Pick<Actual, 'confirmed' | 'previous'> {
  const { confirmed, previous } = state.current;
  const revision = confirmed && revisionOf(confirmed.pins);
  if (pinned === null) return { confirmed: revision, previous: previous && revisionOf(previous.pins) };
  return { confirmed: revision === revisionOf(pinned) ? revision : null, previous: null };
}

/** All that depends on how much time has passed. */
function timedFacts(core: Core): Pick<Actual, 'attempt' | 'stalled' | 'permission' | 'surveyDue' | 'mayRestart'> {
  const { memory, ports } = core;
  const nowMs = ports.clock.monotonicMs();
  const survey = memory.survey?.generation === newestDesired(core)?.generation ? memory.survey : null;
  return {
    attempt: attemptFacts(core, nowMs),
    stalled: [...memory.stalled].filter(([, { untilMs }]) => untilMs > nowMs).map(([revision]) => revision),
    ...(core.pinned === null
      ? { permission: survey?.permission ?? null, surveyDue: survey === null || survey.nextMs <= nowMs }
      : // Whoever replaces the machines decides how many at a time.
        { permission: { kind: 'go' }, surveyDue: false }),
    mayRestart: memory.restart === null || memory.restart.notBeforeMs <= nowMs,
  };
}

async function inspectProxy({ ports, state }: Core, signal: AbortSignal): Promise<Actual['proxy']> {
  const { route } = state.current;
  try {
    const seen = await within(ports.clock, { ms: proxyTimeoutMs, signal }, (inner) => ports.proxy.inspect(inner));
    if (seen !== null && seen.running) return seen;
  } catch (error) {
    ports.log.write('warn', 'proxy cannot be inspected', { detail: String(error) });
  }
  return { running: false, active: route.active, backup: route.backup };
}

function forgetEnded({ memory }: Core, slots: Readonly<Record<Slot, SlotObservation>>): void {
  for (const slot of memory.checked) if (slots[slot].kind !== 'running') memory.checked.delete(slot);
}

function attemptFacts({ state, memory, pinned }: Core, nowMs: number): AttemptFacts | null {
  const { attempt, desired } = state.current;
  if (attempt === null) return null;
  const revision = revisionOf(attempt.pins);
  const soak = memory.soak?.revision === revision ? memory.soak : null;
  const soakMs = (desired?.rollout.soakSeconds ?? 0) * 1000;
  const isSoaked = soak !== null && soak.failuresInRow === 0 && nowMs - soak.healthySinceMs >= soakMs;
  return { revision, slot: attempt.slot, soaked: isSoaked, desiredState: readability(soak, pinned) };
}

/** A pinned machine serves with or without a desired state. */
function readability(soak: SoakWatch | null, pinned: Pins | null): AttemptFacts['desiredState'] {
  if (pinned !== null) return 'readable';
  return soak?.desiredState ?? 'unknown';
}

/** Of those that matter now. While no step is taken, the files are looked at less often than the processes. */
async function runnableRevisions(core: Core): Promise<readonly string[]> {
  const { memory, ports } = core;
  const seenAtMs = ports.clock.monotonicMs();
  if (memory.runnable === null || seenAtMs - memory.runnable.seenAtMs >= fileLookMs) {
    memory.runnable = { seenAtMs, revisions: await lookForRunnable(core) };
  }
  return memory.runnable.revisions;
}

async function lookForRunnable(core: Core): Promise<readonly string[]> {
  const { desired, confirmed, attempt } = core.state.current;
  const wanted = core.pinned === null ? [desired, desired?.fallback] : [core.pinned];
  const pins = [confirmed?.pins, attempt?.pins, ...wanted].flatMap((one) => (one ? [one] : []));
  const runnable: string[] = [];
  for (const one of pins) if (await isRunnable(core, one)) runnable.push(revisionOf(one));
  return runnable;
}

async function isRunnable({ shelf, memory, ports }: Core, pins: Pins): Promise<boolean> {
  const entry = shelf.get(revisionOf(pins));
  if (entry === null || !memory.secrets.has(pins)) return false;
  for (const { sha256 } of blobsOf(entry.manifest)) if (!(await ports.blobs.has(sha256))) return false;
  return true;
}

/** Revisions whose blobs stay: what is confirmed, the way back, and what is on its way. */
export function keptRevisions({ state }: Core): readonly string[] {
  const { confirmed, previous, attempt } = state.current;
  return [confirmed?.pins, previous?.pins, attempt?.pins].flatMap((pins) => (pins ? [revisionOf(pins)] : []));
}

export function garbageKey(core: Core): string {
  const shelved = core.shelf.all.map(({ pins }) => revisionOf(pins));
  return [...keptRevisions(core), '|', ...shelved].join(' ');
}
