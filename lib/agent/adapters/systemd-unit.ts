/** What systemd knows of the unit of a slot: what runs in it, and how what ran in it ended. */
import { execFile } from 'node:child_process';
import { constants } from 'node:os';
import type { Slot } from '../../contract/host-status.ts';
import { AdapterError } from './adapter-error.ts';
import { errorMessage } from './error-facts.ts';

export const slotUnit = (slot: Slot): string => `slipway-app@${slot}.service`;

export interface UnitFacts {
  /** 0: nothing runs. */
  readonly mainPid: number;
  /** Of its newest start; empty: forgotten, which systemd does with a unit that ended well. */
  readonly invocation: string;
  /** `success`, `exit-code`, `signal`, `core-dump`, `oom-kill`, `resources` ... of systemd.service(5). */
  readonly result: string;
  readonly exit: { readonly by: 'none' | 'code' | 'signal'; readonly value: number };
  /** Bytes; empty or `infinity`: none. */
  readonly memoryMax: string;
}

const timeoutMs = 10_000;
const properties = ['MainPID', 'InvocationID', 'Result', 'ExecMainCode', 'ExecMainStatus', 'MemoryMax'];

/** Spawns a process: only when something has changed. Throws `AdapterError`. */
export async function readUnit(slot: Slot): Promise<UnitFacts> {
  return parseUnit(await ask('systemctl', ['show', slotUnit(slot), `--property=${properties.join(',')}`]));
}

/** The last lines that the unit wrote in one of its runs. */
export function readJournal(invocation: string, lines: number): Promise<string> {
  const filter = [`_SYSTEMD_INVOCATION_ID=${invocation}`, '--output=cat', `--lines=${lines}`];
  return ask('journalctl', ['--quiet', '--no-pager', ...filter]);
}

/** Pure. @param text Lines of `NAME=value`. */
export function parseUnit(text: string): UnitFacts {
  const values = new Map(text.split('\n').map((line) => [line.split('=', 1)[0] ?? '', line.replace(/^[^=]*=/, '')]));
  const number = (name: string) => Number(values.get(name) ?? 0) || 0;
  // waitid(2): 1 is an exit with a code, 2 and 3 are by a signal.
  const by = ({ 1: 'code', 2: 'signal', 3: 'signal' } as const)[number('ExecMainCode')] ?? 'none';
  return {
    mainPid: number('MainPID'),
    invocation: values.get('InvocationID') ?? '',
    result: values.get('Result') ?? '',
    exit: { by, value: number('ExecMainStatus') },
    memoryMax: values.get('MemoryMax') ?? '',
  };
}

/** How it ended, for people. */
export function describeEnd(unit: UnitFacts): string {
  const limit = describeLimit(unit.memoryMax);
  if (unit.result === 'oom-kill') return `killed for using more memory than its limit${limit}`;
  if (unit.exit.by === 'code') return describeStartFailure(unit) ?? `exited with code ${unit.exit.value}`;
  if (unit.exit.by === 'none') return 'exited with code 0, or by SIGTERM';
  const name = signalName(unit.exit.value);
  // Control groups of version 1 do not say who killed it.
  return name === 'SIGKILL' ? `ended by SIGKILL; its memory limit${limit} may have done that` : `ended by ${name}`;
}

/** Exit codes of systemd.exec(5), by which it says that there is something wrong with what is to be started; null: none of them. */
export function describeStartFailure({ exit }: UnitFacts): string | null {
  if (exit.by !== 'code') return null;
  if (exit.value === 200) return 'start the service: the folder of its app cannot be entered';
  if (exit.value === 203) return 'start the service: its Node.js cannot be executed on this machine';
  if (exit.value === 226) return 'start the service: the folder of its app or of its Node.js is not there';
  return null;
}

function describeLimit(memoryMax: string): string {
  const bytes = Number(memoryMax);
  return memoryMax !== '' && Number.isFinite(bytes) ? ` of ${Math.round(bytes / 2 ** 20)} MiB` : '';
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}

function ask(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' };
    execFile(program, args, { timeout: timeoutMs, maxBuffer: 16 * 2 ** 20, env }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const said = stderr.trim() || errorMessage(error);
      reject(new AdapterError('unit-unknown', `${program} ${args.join(' ')}: ${said.slice(0, 300)}`, { cause: error }));
    });
  });
}
