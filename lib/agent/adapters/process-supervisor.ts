/** Runs the service in its slots as plain processes of this machine, which outlive the agent. */
import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AgentSettings } from '../../contract/agent-settings.ts';
import type { Slot } from '../../contract/host-status.ts';
import type { Clock, Launch, SlotObservation, Supervisor } from '../ports.ts';
import { capLog, logTail } from './capped-log.ts';
import { endProcess, type ExitNote, startDetached } from './detached-process.ts';
import { errorCode, errorMessage } from './error-facts.ts';
import { findByVariable, isAlive, type ProcessIdentity } from './process-identity.ts';
import { createTurn } from './in-turn.ts';
import { createSlotRecords, type SlotRecord } from './slot-record.ts';

export interface ProcessSupervisorProps {
  readonly runDirectory: string;
  readonly stateDirectory: string;
  readonly slots: AgentSettings['slots'];
  readonly clock: Clock;
}

const launchVariable = 'SLIPWAY_LAUNCH';
/** For what an earlier agent left in the slot, whose manifest is not at hand. */
const leftoverTimeoutMs = 5_000;

export function createProcessSupervisor(props: ProcessSupervisorProps): Supervisor {
  const { clock } = props;
  const records = createSlotRecords(props.runDirectory);
  const logFile = (slot: Slot) => join(props.stateDirectory, 'logs', `${slot}.log`);
  const turns = { blue: createTurn(), green: createTurn() };

  const stopNow = async (slot: Slot, timeoutMs: number): Promise<void> => {
    const record = await records.read(slot);
    if (record === null) return;
    const target = await processOf(record);
    if (target !== null) await endProcess(target, { clock, timeoutMs });
    await records.write(slot, null);
  };

  const noteExit = (slot: Slot, launch: string, exit: ExitNote): void => {
    void turns[slot](async () => {
      const record = await records.read(slot);
      if (record?.launch === launch) await records.write(slot, { ...record, exit: describeExit(exit) });
      // The exit stays visible without the note, only its code is lost.
    }).catch(() => undefined);
  };

  const startNow = async (slot: Slot, launch: Launch): ReturnType<Supervisor['start']> => {
    await stopNow(slot, leftoverTimeoutMs);
    const mark = randomBytes(12).toString('hex');
    const record: SlotRecord = { revision: launch.revision, launch: mark, process: null, exit: null };
    // Before the start: an agent that dies in between must find the process again.
    await records.write(slot, record);
    const program = await programFor(slot, launch, mark, props);
    try {
      const process = await startDetached({ ...program, logFile: logFile(slot) }, (exit) => noteExit(slot, mark, exit));
      await records.write(slot, { ...record, process });
      return { kind: 'started' };
    } catch (error) {
      await records.write(slot, null);
      return { kind: 'refused', reason: 'start-failed', detail: explainStart(error, launch) };
    }
  };

  return {
    start: (slot, launch) => turns[slot](() => startNow(slot, launch)),
    stop: (slot, timeoutMs) => turns[slot](() => stopNow(slot, timeoutMs)),

    inspect: (slot) =>
      turns[slot](async (): Promise<SlotObservation> => {
        const record = await records.read(slot);
        if (record === null) return { kind: 'empty' };
        await capLog(logFile(slot));
        const running = record.exit === null ? await processOf(record) : null;
        if (running !== null && (await isAlive(running)))
          return { kind: 'running', revision: record.revision, pid: running.pid };
        const detail = record.exit ?? 'ended while the agent was not there to see how';
        return { kind: 'exited', revision: record.revision, detail };
      }),

    async logTail(slot, maxBytes) {
      return logTail(logFile(slot), maxBytes);
    },
  };
}

/** Null: the agent died before it could start one. */
async function processOf(record: SlotRecord): Promise<ProcessIdentity | null> {
  return record.process ?? (await findByVariable(launchVariable, record.launch));
}

async function programFor(slot: Slot, launch: Launch, mark: string, props: ProcessSupervisorProps) {
  const home = join(props.stateDirectory, 'home', slot);
  const temporary = join(home, 'tmp');
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  return {
    program: launch.nodeBinary,
    args: launch.manifest.start.slice(1),
    directory: launch.appDirectory,
    environment: {
      PATH: `${dirname(launch.nodeBinary)}:/usr/local/bin:/usr/bin:/bin`,
      HOME: home,
      TMPDIR: temporary,
      LANG: 'C.UTF-8',
      ...launch.environment,
      PORT: String(props.slots[slot]),
      HOST: props.slots.address,
      SLIPWAY_SLOT: slot,
      [launchVariable]: mark,
    },
  };
}

function describeExit({ code, signal }: ExitNote): string {
  return signal === null ? `exited with code ${code ?? 'unknown'}` : `ended by ${signal}`;
}

function explainStart(error: unknown, { nodeBinary, appDirectory }: Launch): string {
  const code = errorCode(error);
  if (code === 'ENOENT') return `start ${nodeBinary} in ${appDirectory}: one of the two does not exist`;
  if (code === 'ENOEXEC') return `start ${nodeBinary}: it is not a program for this machine`;
  if (code === 'EACCES') return `start ${nodeBinary}: it may not be executed`;
  return `start ${nodeBinary}: ${errorMessage(error)}`;
}
