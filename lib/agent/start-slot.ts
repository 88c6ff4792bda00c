/** Starts a revision in a slot: as the candidate of a deployment, or to bring back what was confirmed. */
import type { Pins } from '../contract/desired-state.ts';
import type { Slot } from '../contract/host-status.ts';
import type { Actual } from './actual.ts';
import { changeAttempt } from './agent-state.ts';
import { type Core, findPins, noteHealed } from './core.ts';
import type { Outcome } from './outcome.ts';
import { runtimeExecutable } from '../contract/release-manifest.ts';
import type { Launch } from './ports.ts';
import type { ShelvedRevision } from './revision-shelf.ts';
import { parseServiceConfig } from './service-config.ts';
import { revisionOf } from './revision.ts';
import { vacate } from './slow-steps.ts';

const firstPauseMs = 1_000;
const maxPauseMs = 30_000;
/** Who ran so long is not crashing again and again. */
const calmMs = 60_000;

interface Start {
  readonly revision: string;
  readonly slot: Slot;
}

interface Turn {
  readonly actual: Actual;
  readonly stop: AbortSignal;
}

/** `pending`: what is in the slot keeps its connections for a while. */
export async function startSlot(core: Core, { revision, slot }: Start, turn: Turn): Promise<Outcome> {
  const pins = findPins(core, revision);
  const entry = core.shelf.get(revision);
  if (pins === null || entry === null) return { kind: 'done' };
  // Two programs must not work on one slot.
  if (!(await vacate(core, slot, turn))) return { kind: 'pending' };
  core.memory.checked.delete(slot);
  const { attempt } = core.state.current;
  if (attempt !== null && revisionOf(attempt.pins) === revision) {
    await core.state.update((state) => changeAttempt(state, { slot }));
    const startedAtMs = core.ports.clock.monotonicMs();
    core.memory.check = { revision, slot, startedAtMs, passes: 0, lastDetail: 'no answer yet' };
  } else {
    await noteRestart(core, slot);
  }
  const started = await core.ports.supervisor.start(slot, launchOf(core, pins, entry));
  if (started.kind === 'refused') return { ...started, kind: 'rejected' };
  core.memory.trouble = null;
  return { kind: 'done' };
}

/** The first restart comes at once; each further one waits longer, until the app has run for a while. */
async function noteRestart(core: Core, slot: Slot): Promise<void> {
  const { memory, ports } = core;
  const seen = await ports.supervisor.inspect(slot);
  noteHealed(core, seen.kind === 'exited' ? `app restarted: ${seen.detail}` : 'app started again');
  const nowMs = ports.clock.monotonicMs();
  const isCalm = memory.restart === null || nowMs - memory.restart.lastMs > calmMs;
  const count = isCalm ? 1 : (memory.restart?.count ?? 0) + 1;
  const pauseMs = Math.min(maxPauseMs, firstPauseMs * 2 ** (count - 1));
  memory.restart = { count, lastMs: nowMs, notBeforeMs: nowMs + pauseMs };
}

function launchOf(core: Core, pins: Pins, { manifest, config }: ShelvedRevision): Launch {
  const { blobs } = core.ports;
  const { desired } = core.state.current;
  const isDesired = desired !== null && revisionOf(desired) === revisionOf(pins);
  return {
    revision: revisionOf(pins),
    release: pins.release,
    manifest,
    appDirectory: blobs.path(manifest.app.sha256),
    nodeBinary: `${blobs.path(manifest.runtime.sha256)}/${runtimeExecutable}`,
    environment: {
      ...parseServiceConfig(config),
      ...core.memory.secrets.variables(pins),
      NODE_ENV: 'production',
      SLIPWAY_RELEASE: pins.release,
      SLIPWAY_ENVIRONMENT: core.environment,
      SLIPWAY_HOST: core.host,
      SLIPWAY_COMMIT: isDesired ? desired.commit : '',
    },
  };
}
