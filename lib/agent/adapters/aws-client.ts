/** Calls AWS: signs, sends, asks a second time where that may help, and makes an error of every answer that is no success. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../ports.ts';
import { type AwsAccess, createCredentialSource, redacted } from './aws-credentials.ts';
import { AwsError, parseAwsError } from './aws-error.ts';
import { isTransient } from './aws-failure.ts';
import { createExchange } from './aws-http.ts';
import { type AwsRequest, signed, type SigningScope } from './aws-signature.ts';
import { type CappedText, readCappedText } from './capped-text.ts';

const maxErrorBytes = 64 * 1024;
const retryPauseMs = 100;
/** AWS refuses what was signed more than five minutes off its own time. */
const maxSkewMs = 4 * 60_000;

export type AwsService = SigningScope['service'];

export interface ServiceCall {
  readonly method: AwsRequest['method'];
  /** Escaped; `/` where it is left out. */
  readonly path?: string;
  /** Stands before the name of the service, as the bucket of S3 does. */
  readonly subdomain?: string;
  readonly query?: AwsRequest['query'];
  readonly headers?: AwsRequest['headers'];
  readonly body?: string;
}

export interface AwsClient {
  /** True: it calls an emulator, which has one name for all. */
  readonly isEmulated: boolean;
  /** The head of a success or of a 304; its body must be read. Throws `AwsError`, or what the connection said. */
  send(service: AwsService, call: ServiceCall, signal: AbortSignal): Promise<IncomingMessage>;
}

export interface AwsClientProps {
  readonly region: string;
  readonly access: AwsAccess;
  readonly clock: Clock;
}

export function createAwsClient({ region, access, clock }: AwsClientProps): AwsClient {
  const exchange = createExchange();
  const credentials = createCredentialSource(access, clock);
  const addressOf =
    access.endpoint === null ? addressIn(region) : () => emulatorAddress(new URL(access.endpoint ?? ''));
  let skewMs = 0;

  const attempt = async (service: AwsService, request: AwsRequest, signal: AbortSignal): Promise<IncomingMessage> => {
    const current = await credentials.current();
    const date = new Date(clock.now().getTime() + skewMs);
    const call = await signed(request, { service, region, credentials: current, date });
    const answer = await exchange(call, signal);
    const status = answer.statusCode ?? 0;
    if (status < 300 || status === 304) return answer;
    const body = await readCappedText(answer, maxErrorBytes);
    const text = body.kind === 'text' ? redacted(body.text, current) : '';
    throw parseAwsError(text, { status, serverTime: Date.parse(answer.headers.date ?? '') });
  };

  /** True: this machine's clock is wrong; from now on what is signed goes by the service's. */
  const correctsClock = (error: unknown): boolean => {
    if (!(error instanceof AwsError) || ![400, 403].includes(error.status ?? 0)) return false;
    const foundMs = error.serverTime - clock.now().getTime();
    const isOff = Math.abs(foundMs - skewMs) > maxSkewMs;
    if (isOff) skewMs = foundMs;
    return isOff;
  };

  return {
    isEmulated: access.endpoint !== null,
    async send(service, call, signal) {
      const { method, path = '/', subdomain = '', query = {}, headers = {}, body = null } = call;
      const request = { ...addressOf(service, subdomain), method, path, query, headers, body };
      try {
        return await attempt(service, request, signal);
      } catch (error) {
        const mayHelp = correctsClock(error) || isTransient(error);
        if (signal.aborted || !mayHelp) throw error;
      }
      await clock.sleep(retryPauseMs, signal);
      return await attempt(service, request, signal);
    },
  };
}

type Address = Pick<AwsRequest, 'protocol' | 'hostname' | 'port'>;

/** In virtual-hosted style; China has a name of its own. */
export function addressIn(region: string): (service: AwsService, subdomain: string) => Address {
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return (service, subdomain) => {
    const hostname = [subdomain, service, region, suffix].filter((label) => label !== '').join('.');
    return { protocol: 'https:', hostname, port: null };
  };
}

function emulatorAddress({ protocol, hostname, port }: URL): Address {
  return { protocol: protocol === 'https:' ? 'https:' : 'http:', hostname, port: port === '' ? null : Number(port) };
}

/** The whole body. An answer that is cut, or given up, rejects as the request itself would. */
export async function readBody(body: IncomingMessage, maxBytes: number, signal: AbortSignal): Promise<CappedText> {
  try {
    return await readCappedText(body, maxBytes);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
