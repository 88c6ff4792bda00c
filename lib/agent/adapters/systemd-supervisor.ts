/** Runs the service in its slots as units of systemd, which the agent starts and stops through the control socket. */
import { access, constants, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AgentSettings } from '../../contract/agent-settings.ts';
import type { Slot } from '../../contract/host-status.ts';
import type { Clock, Launch, Refused, SlotObservation, Supervisor } from '../ports.ts';
import { AdapterError } from './adapter-error.ts';
import { lastLines } from './capped-log.ts';
import { createDurableFile } from './durable-file.ts';
import { createTurn } from './in-turn.ts';
import { identify, isAlive } from './process-identity.ts';
import { createSlotRecords, type SlotRecord } from './slot-record.ts';
import { describeEnd, describeStartFailure, readJournal, readUnit } from './systemd-unit.ts';
import type { UnitControl } from './unit-control.ts';
import { argumentsVariable, environmentFile, unsuitedVariable } from './unit-environment.ts';

export interface SystemdSupervisorProps {
  readonly runDirectory: string;
  readonly stateDirectory: string;
  readonly slots: AgentSettings['slots'];
  readonly clock: Clock;
  readonly control: UnitControl;
}

/** As slipway-app@.service mounts it. */
const runtimeDirectory = '/opt/slipway/runtime';
const home = '/var/lib/slipway-app';
/** For what an earlier agent left in the slot, whose manifest is not at hand. */
const leftoverTimeoutMs = 5_000;
const pollMs = 25;
const maxTailLines = 200;
/** Stands in the record until systemd has told the id of this run. */
const unknownRun = 'unknown';
const never = new AbortController().signal;

export function createSystemdSupervisor(props: SystemdSupervisorProps): Supervisor {
  const { clock } = props;
  const records = createSlotRecords(props.runDirectory);
  const turns = { blue: createTurn(), green: createTurn() };
  const host = createSlotFiles(props);

  const stopNow = async (slot: Slot, timeoutMs: number): Promise<void> => {
    const record = await records.read(slot);
    // Without a record, a unit that runs all the same is in the way of the next.
    if (record === null && (await readUnit(slot)).mainPid === 0) return;
    const main = record?.process ?? null;
    if (record?.exit === null && timeoutMs > 0) {
      await mustDo(props.control, 'stop', slot);
      const deadline = clock.monotonicMs() + timeoutMs;
      while (main !== null && clock.monotonicMs() < deadline && (await isAlive(main))) await clock.sleep(pollMs, never);
    }
    await mustDo(props.control, 'kill', slot);
    await records.write(slot, null);
  };

  /** What systemd says of a slot whose process is not known, or is gone; written down, so that it is asked once. */
  const lookAgain = async (slot: Slot, record: SlotRecord): Promise<SlotRecord> => {
    const unit = await readUnit(slot);
    const process = unit.mainPid > 1 ? await identify(unit.mainPid) : null;
    const exit = process === null ? describeEnd(unit) : null;
    const next = { ...record, launch: unit.invocation || record.launch, process: process ?? record.process, exit };
    await records.write(slot, next);
    return next;
  };

  const startNow = async (slot: Slot, launch: Launch): ReturnType<Supervisor['start']> => {
    const variables = variablesOf(slot, launch, props);
    const unsuited = unsuitedVariable(variables) ?? (await missing(launch));
    await stopNow(slot, leftoverTimeoutMs);
    if (unsuited !== null) return refuse(unsuited);
    await host.prepare(slot, launch, environmentFile(variables));
    const record: SlotRecord = { revision: launch.revision, launch: unknownRun, process: null, exit: null };
    // After the old one has gone and before the new one is there: whatever a later agent finds running is of this record.
    await records.write(slot, record);
    try {
      const answer = await props.control.request('start', slot, never);
      if (answer.kind === 'failed') return await notStarted(slot, answer.detail);
    } finally {
      await host.forgetEnvironment(slot);
    }
    await lookAgain(slot, record);
    return { kind: 'started' };
  };

  const notStarted = async (slot: Slot, detail: string): Promise<Refused> => {
    const unit = await readUnit(slot);
    await mustDo(props.control, 'kill', slot);
    await records.write(slot, null);
    const reason = describeStartFailure(unit);
    if (reason !== null) return refuse(reason);
    // The metadata guard, or the machine itself: no release is to blame.
    throw new AdapterError('unit-not-started', `start slot ${slot}: ${detail} (${unit.result})`);
  };

  return {
    start: (slot, launch) => turns[slot](() => startNow(slot, launch)),
    stop: (slot, timeoutMs) => turns[slot](() => stopNow(slot, timeoutMs)),

    inspect: (slot) =>
      turns[slot](async (): Promise<SlotObservation> => {
        const record = await records.read(slot);
        if (record === null) return { kind: 'empty' };
        const isUp = record.exit === null && record.process !== null && (await isAlive(record.process));
        return observationOf(isUp || record.exit !== null ? record : await lookAgain(slot, record));
      }),

    logTail: (slot, maxBytes) =>
      turns[slot](async () => {
        const record = await records.read(slot);
        if (record === null || record.launch === unknownRun) return '';
        return lastLines(await readJournal(record.launch, maxTailLines), maxBytes);
      }),
  };
}

function observationOf({ revision, process, exit }: SlotRecord): SlotObservation {
  if (exit === null && process !== null) return { kind: 'running', revision, pid: process.pid };
  return { kind: 'exited', revision, detail: exit ?? 'ended while the agent was not there to see how' };
}

async function mustDo(control: UnitControl, verb: 'stop' | 'kill', slot: Slot): Promise<void> {
  const answer = await control.request(verb, slot, never);
  if (answer.kind === 'failed') throw new AdapterError('process-survived', `${verb} slot ${slot}: ${answer.detail}`);
}

const refuse = (detail: string): Refused => ({ kind: 'refused', reason: 'start-failed', detail });

function variablesOf(slot: Slot, launch: Launch, { slots }: SystemdSupervisorProps): Readonly<Record<string, string>> {
  return {
    PATH: `${runtimeDirectory}:/usr/local/bin:/usr/bin:/bin`,
    HOME: home,
    TMPDIR: '/tmp',
    LANG: 'C.UTF-8',
    ...launch.environment,
    PORT: String(slots[slot]),
    HOST: slots.address,
    SLIPWAY_SLOT: slot,
    SLIPWAY_ARGUMENTS: argumentsVariable(launch.manifest.start.slice(1)),
  };
}

async function missing({ nodeBinary, appDirectory }: Launch): Promise<string | null> {
  for (const [path, mode] of [[nodeBinary, constants.X_OK] as const, [appDirectory, constants.R_OK] as const]) {
    const failure = await access(path, mode).then(
      () => null,
      () => `start ${nodeBinary} in ${appDirectory}: ${path} is not there, or may not be used`,
    );
    if (failure !== null) return failure;
  }
  return null;
}

/** What the unit of a slot is given: two links, and a file with its environment. */
function createSlotFiles({ runDirectory, stateDirectory }: SystemdSupervisorProps) {
  const environment = (slot: Slot) => join(runDirectory, 'slots', `${slot}.env`);
  return {
    async prepare(slot: Slot, { appDirectory, nodeBinary }: Launch, text: string): Promise<void> {
      const folder = join(stateDirectory, 'slots', slot);
      await mkdir(folder, { recursive: true, mode: 0o755 });
      await link(appDirectory, join(folder, 'app'));
      await link(dirname(nodeBinary), join(folder, 'runtime'));
      await createDurableFile(environment(slot), 0o600).write(text);
    },
    /** The service has it now; nobody else needs it. */
    forgetEnvironment: (slot: Slot): Promise<void> => rm(environment(slot), { force: true }),
  };
}

async function link(target: string, path: string): Promise<void> {
  await rm(`${path}.new`, { force: true });
  await symlink(target, `${path}.new`);
  await rename(`${path}.new`, path);
}
