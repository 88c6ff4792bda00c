/** Speaks to a running HAProxy through its runtime API. */
import { connect } from 'node:net';
import { type Slot, slots } from '../../contract/host-status.ts';
import { AdapterError } from './adapter-error.ts';
import { errorMessage } from './error-facts.ts';
import { mapFileName } from './haproxy-config.ts';
import { withSocketPath } from './unix-socket.ts';

const timeoutMs = 5_000;
const maxAnswerBytes = 1024 * 1024;
/** Bits of `srv_admin_state`: maintenance by command, inherited, by name resolution. 0x04 stays set after `state ready`: it only notes that the file said `disabled`. */
const maintenanceBits = 0x23;

export interface HaproxyState {
  readonly active: Slot | null;
  readonly enabled: readonly Slot[];
}

/** Sends the commands in one line: HAProxy carries them out one after another. Throws `AdapterError`. */
export async function command(socketPath: string, commands: readonly string[], signal: AbortSignal): Promise<string> {
  try {
    return await withSocketPath(socketPath, (path) => exchange(path, `${commands.join(';')}\n`, signal));
  } catch (cause) {
    if (cause instanceof AdapterError) throw cause;
    throw new AdapterError('proxy-unreachable', `ask HAProxy at ${socketPath}: ${errorMessage(cause)}`, { cause });
  }
}

/** For commands that answer with nothing unless they fail. Throws `AdapterError` with what HAProxy said. */
export async function carryOut(socketPath: string, commands: readonly string[], signal: AbortSignal): Promise<void> {
  const answer = (await command(socketPath, commands, signal)).trim();
  if (answer !== '') throw new AdapterError('proxy-refused', `tell HAProxy to ${commands.join('; ')}: ${answer}`);
}

export async function readState(socketPath: string, signal: AbortSignal): Promise<HaproxyState> {
  const answer = await command(socketPath, [`show map ${mapFileName}`, 'show servers state app'], signal);
  const words = answer.split('\n').map((line) => line.split(' '));
  const active = words.find(([, key]) => key === 'active')?.[2];
  const enabled = slots.filter((slot) =>
    words.some(([, backend, , name, , , admin]) => {
      return backend === 'app' && name === slot && (Number(admin) & maintenanceBits) === 0;
    }),
  );
  return { active: slots.find((slot) => slot === active) ?? null, enabled };
}

/** Sessions that a slot has now: requests in flight, event streams, upgraded connections; kept connections that carry nothing do not count. */
export async function readSessions(socketPath: string, slot: Slot, signal: AbortSignal): Promise<number> {
  // 4: servers only.
  const answer = await command(socketPath, ['show stat app 4 -1'], signal);
  const [header = [], ...rows] = answer.split('\n').map((line) => line.replace(/^# /, '').split(','));
  const row = rows.find((cells) => cells[header.indexOf('svname')] === slot);
  const sessions = Number(row?.[header.indexOf('scur')] ?? NaN);
  if (Number.isInteger(sessions)) return sessions;
  throw new AdapterError('proxy-refused', `count the sessions of ${slot}: HAProxy said ${answer.slice(0, 200).trim()}`);
}

function exchange(path: string, text: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const stop = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const abort = () => socket.destroy(new Error('no answer in time'));
    stop.addEventListener('abort', abort, { once: true });
    if (stop.aborted) abort();
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      answer += chunk;
      if (answer.length > maxAnswerBytes) socket.destroy(new Error('the answer does not end'));
    });
    socket.once('error', reject);
    socket.once('close', () => {
      stop.removeEventListener('abort', abort);
      resolve(answer);
    });
    socket.once('connect', () => socket.end(text));
  });
}
