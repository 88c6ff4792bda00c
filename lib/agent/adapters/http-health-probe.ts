/** Asks a slot whether it can take traffic: one request, on a connection of its own. */
import { request } from 'node:http';
import type { Slot } from '../../contract/host-status.ts';
import type { HealthProbe } from '../ports.ts';
import { errorCode, errorMessage, errorName } from './error-facts.ts';

export interface HttpHealthProbeProps {
  readonly address: string;
  readonly ports: Readonly<Record<Slot, number>>;
}

export function createHttpHealthProbe({ address, ports }: HttpHealthProbeProps): HealthProbe {
  return {
    check: (slot, { path, timeoutMs }, signal) => askHealth({ address, port: ports[slot], path, timeoutMs }, signal),
  };
}

export interface HealthQuestion {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  readonly timeoutMs: number;
}

/** Never rejects; `detail` is a sentence for people. */
export async function askHealth(question: HealthQuestion, signal: AbortSignal): ReturnType<HealthProbe['check']> {
  const { path, timeoutMs } = question;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const status = await statusOf(question, AbortSignal.any([signal, timeout]));
    return { healthy: status >= 200 && status < 300, detail: `GET ${path} answered ${status}` };
  } catch (error) {
    const late = `GET ${path} did not answer within ${timeoutMs} ms`;
    return { healthy: false, detail: timeout.aborted ? late : explain(error, question) };
  }
}

/** Resolves when the answer is complete: a service that hangs in the middle of it is not healthy. */
function statusOf({ address, port, path }: HealthQuestion, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { host: `${address.includes(':') ? `[${address}]` : address}:${port}`, connection: 'close' };
    // `agent: false` is a new connection: one that is kept alive would say nothing of a process that accepts no more.
    const call = request({ host: address, port, path, headers, agent: false, signal }, (response) => {
      response.once('error', reject);
      response.once('end', () => resolve(response.statusCode ?? 0));
      response.resume();
    });
    call.once('error', reject);
    call.end();
  });
}

function explain(error: unknown, { path, port }: HealthQuestion): string {
  const code = errorCode(error);
  if (code === 'ECONNREFUSED') return `nothing listens on port ${port}`;
  if (code === 'ECONNRESET') return `GET ${path}: the service closed the connection without an answer`;
  if (code.startsWith('HPE_')) return `GET ${path}: the answer is not HTTP`;
  if (errorName(error) === 'AbortError') return `GET ${path} was cancelled`;
  return `GET ${path}: ${errorMessage(error)}`;
}
