/** Asks systemd, through the one socket that the agent may use for it, to start, stop or reload a unit of this host. */
import { connect } from 'node:net';
import type { Slot } from '../../contract/host-status.ts';
import { AdapterError } from './adapter-error.ts';
import { errorMessage } from './error-facts.ts';

export type UnitVerb = 'start' | 'stop' | 'kill' | 'reload';
export type UnitName = Slot | 'proxy';
/** `failed`: systemd was asked, and says why not. */
export type UnitAnswer = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly detail: string };

/**
 * - `start`: a slot, or the proxy anew. Done when its binary runs (slot), or when it serves (proxy).
 * - `stop`: SIGTERM to a slot; does not wait.
 * - `kill`: SIGKILL to all that is left of a slot; done when nothing is. A slot without anything in it is no error.
 * - `reload`: the proxy reads its configuration again.
 */
export interface UnitControl {
  /** Throws `AdapterError` (`unit-control-failed`) when there is no answer: a fault of the host, never of a release. */
  request(verb: UnitVerb, unit: UnitName, signal: AbortSignal): Promise<UnitAnswer>;
}

export const unitControlSocket = '/run/slipway-control.sock';
/** Longer than any verb takes on a machine that is busy; `kill` ends within seconds or hangs in the kernel. */
const timeoutMs = 20_000;
const maxAnswerBytes = 4_096;

export function createUnitControl({ socketPath = unitControlSocket } = {}): UnitControl {
  return {
    async request(verb, unit, signal) {
      const tried = `ask ${socketPath} to ${verb} ${unit}`;
      const answer = await exchange(socketPath, `${verb} ${unit}\n`, signal).catch((cause: unknown) => {
        throw new AdapterError('unit-control-failed', `${tried}: ${errorMessage(cause)}`, { cause });
      });
      const line = answer.trim();
      if (line === 'ok') return { kind: 'done' };
      if (line.startsWith('failed ')) return { kind: 'failed', detail: line.slice('failed '.length) };
      throw new AdapterError('unit-control-failed', `${tried}: it answers '${line.slice(0, 200)}', not ok or failed`);
    },
  };
}

function exchange(path: string, request: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const stop = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const abort = (): void => void socket.destroy(new Error('no answer in time'));
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
    socket.once('connect', () => socket.write(request));
  });
}
