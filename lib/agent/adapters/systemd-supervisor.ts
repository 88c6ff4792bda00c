/** Runs the service in its slots as units of systemd, which the agent starts and stops through the control socket. */
import type { Slot } from '../../contract/host-status.ts';
import type { Clock, Launch, Refused, SlotObservation, Supervisor } from '../ports.ts';
import { AdapterError } from './adapter-error.ts';
import { lastLines } from './capped-log.ts';
import { createTurn } from './in-turn.ts';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';
import { createSlotFiles, type SlotFiles, type SlotFilesProps } from './slot-files.ts';
import { createSlotRecords, type SlotRecord, type SlotRecords } from './slot-record.ts';
import { describeEnd, describeStartFailure, readJournal, readUnit, type UnitFacts } from './systemd-unit.ts';
import type { UnitControl } from './unit-control.ts';

export interface SystemdSupervisorProps extends SlotFilesProps {
  readonly clock: Clock;
  readonly control: UnitControl;
}

interface Host {
  readonly clock: Clock;
  readonly control: UnitControl;
  /** Which revision each unit was started with: systemd does not know it. */
  readonly records: SlotRecords;
  readonly files: SlotFiles;
}

/** For what an earlier agent left in the slot, whose manifest is not at hand. */
const leftoverTimeoutMs = 5_000;
const pollMs = 25;
const maxTailLines = 200;
/** Stands in the record until systemd has told the id of this run. */
const unknownRun = 'unknown';
const never = new AbortController().signal;

export function createSystemdSupervisor({ clock, control, ...props }: SystemdSupervisorProps): Supervisor {
  const records = createSlotRecords(props.runDirectory);
  const host: Host = { clock, control, records, files: createSlotFiles(props) };
  const turns = { blue: createTurn(), green: createTurn() };

  return {
    start: (slot, launch) => turns[slot](() => start(host, slot, launch)),
    stop: (slot, timeoutMs) => turns[slot](() => stop(host, slot, timeoutMs)),

    inspect: (slot) =>
      turns[slot](async (): Promise<SlotObservation> => {
        const record = await records.read(slot);
        if (record === null) return { kind: 'empty' };
        // While things are well this reads two small files; systemd is asked only when something has changed.
        const isUp = record.exit === null && record.process !== null && (await isAlive(record.process));
        return observationOf(isUp || record.exit !== null ? record : await lookAgain(host, slot, record));
      }),

    logTail: (slot, maxBytes) =>
      turns[slot](async () => {
        const record = await records.read(slot);
        if (record === null || record.launch === unknownRun) return '';
        return lastLines(await readJournal(record.launch, maxTailLines), maxBytes);
      }),
  };
}

async function start(host: Host, slot: Slot, launch: Launch): ReturnType<Supervisor['start']> {
  const { control, files, records } = host;
  await stop(host, slot, leftoverTimeoutMs);
  const problem = await files.problemOf(slot, launch);
  if (problem !== null) return refuse(problem);
  await files.prepare(slot, launch);
  const record: SlotRecord = { revision: launch.revision, launch: unknownRun, process: null, exit: null };
  // After the old one has gone and before the new one is there: whatever a later agent finds running is of this record.
  await records.write(slot, record);
  try {
    const answer = await control.request('start', slot, never);
    if (answer.kind === 'failed') return await explainFailure(host, slot, answer.detail);
  } finally {
    await files.forgetEnvironment(slot);
  }
  await lookAgain(host, slot, record);
  return { kind: 'started' };
}

async function stop({ clock, control, files, records }: Host, slot: Slot, timeoutMs: number): Promise<void> {
  const record = await records.read(slot);
  // Without a record, a unit that runs all the same is in the way of the next.
  const main = record?.process ?? (await mainProcess(await readUnit(slot)));
  if (record === null && main === null) return;
  if (main !== null && timeoutMs > 0 && (await isAlive(main))) {
    await mustDo(control, 'stop', slot);
    const deadline = clock.monotonicMs() + timeoutMs;
    while (clock.monotonicMs() < deadline && (await isAlive(main))) await clock.sleep(pollMs, never);
  }
  await mustDo(control, 'kill', slot);
  await files.forgetEnvironment(slot);
  await records.write(slot, null);
}

async function explainFailure({ control, records }: Host, slot: Slot, detail: string): Promise<Refused> {
  const unit = await readUnit(slot);
  await mustDo(control, 'kill', slot);
  await records.write(slot, null);
  const reason = describeStartFailure(unit);
  if (reason !== null) return refuse(reason);
  // The metadata guard, or the machine itself: no release is to blame.
  throw new AdapterError('unit-not-started', `start slot ${slot}: ${detail} (${unit.result})`);
}

/** What systemd says of a slot whose process is not known, or is gone; written down, so that it is asked once. */
async function lookAgain({ records }: Host, slot: Slot, record: SlotRecord): Promise<SlotRecord> {
  const unit = await readUnit(slot);
  const process = await mainProcess(unit);
  const exit = process === null ? describeEnd(unit) : null;
  const next = { ...record, launch: unit.invocation || record.launch, process: process ?? record.process, exit };
  await records.write(slot, next);
  return next;
}

async function mainProcess({ mainPid }: UnitFacts): Promise<ProcessIdentity | null> {
  return mainPid > 1 ? await identify(mainPid) : null;
}

async function mustDo(control: UnitControl, verb: 'stop' | 'kill', slot: Slot): Promise<void> {
  const answer = await control.request(verb, slot, never);
  if (answer.kind === 'failed') throw new AdapterError('process-survived', `${verb} slot ${slot}: ${answer.detail}`);
}

function observationOf({ revision, process, exit }: SlotRecord): SlotObservation {
  if (exit === null && process !== null) return { kind: 'running', revision, pid: process.pid };
  return { kind: 'exited', revision, detail: exit ?? 'ended while the agent was not there to see how' };
}

const refuse = (detail: string): Refused => ({ kind: 'refused', reason: 'start-failed', detail });
