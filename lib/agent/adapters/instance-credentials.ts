/** The credentials of this machine's role, from the instance metadata service, version 2 only. */
import * as v from 'valibot';
import type { Clock } from '../ports.ts';
import type { AwsCredentials, AwsCredentialSource } from './aws-credentials.ts';
import { AwsError } from './aws-error.ts';
import { createExchange, type Exchange } from './aws-http.ts';
import { parseSecretDocument } from './aws-secret-document.ts';
import { readCappedText } from './capped-text.ts';
import { errorMessage } from './error-facts.ts';

const defaultEndpoint = 'http://169.254.169.254';
const rolePath = '/latest/meta-data/iam/security-credentials/';
const tokenLifeSeconds = 60;
/** The service has the next ones by then, as AWS says. */
const refreshBeforeEndMs = 5 * 60_000;
/** Whatever the wall clock says: a machine whose clock is wrong gets its new ones, too. */
const maxAgeMs = 15 * 60_000;
const pauseAfterFailureMs = 10_000;
const timeoutMs = 4_000;
const maxBytes = 16 * 1024;

const text = v.pipe(v.string('must be a string'), v.minLength(1, 'must not be empty'));
/** AWS may add fields. */
const roleSchema = v.object({
  AccessKeyId: text,
  SecretAccessKey: text,
  Token: text,
  Expiration: v.pipe(
    text,
    v.check((time) => !Number.isNaN(Date.parse(time)), 'must be a time'),
  ),
});

export interface InstanceCredentialsProps {
  /** Null: the address that it has on every instance. */
  readonly endpoint: string | null;
  readonly clock: Clock;
}

interface Held {
  readonly credentials: AwsCredentials;
  readonly endsAt: number;
  readonly fetchedMs: number;
}

export function createInstanceCredentials({ endpoint, clock }: InstanceCredentialsProps): AwsCredentialSource {
  const ask = questionsTo(new URL(endpoint ?? defaultEndpoint));
  let held: Held | null = null;
  let notBeforeMs = -Infinity;
  let underway: Promise<AwsCredentials> | null = null;

  const leftMs = (one: Held) => one.endsAt - clock.now().getTime();
  const isFresh = (one: Held) => leftMs(one) > refreshBeforeEndMs && clock.monotonicMs() - one.fetchedMs < maxAgeMs;

  const refresh = async (): Promise<AwsCredentials> => {
    try {
      held = { ...(await fetchRole(ask)), fetchedMs: clock.monotonicMs() };
      return held.credentials;
    } catch (cause) {
      notBeforeMs = clock.monotonicMs() + pauseAfterFailureMs;
      // They are good until they end, whatever became of the service.
      if (held !== null && leftMs(held) > 0) return held.credentials;
      const message = `read this machine's credentials from its metadata service: ${errorMessage(cause)}; see that the machine has a role`;
      throw new AwsError(message, { awsCode: 'CredentialsUnavailable', cause });
    }
  };

  return {
    async current() {
      const mayWait = held !== null && leftMs(held) > 0 && clock.monotonicMs() < notBeforeMs;
      if (held !== null && (isFresh(held) || mayWait)) return held.credentials;
      // One for all that ask meanwhile; its own limit ends it, not the patience of the first.
      underway ??= refresh().finally(() => (underway = null));
      return underway;
    },
  };
}

type Ask = (method: 'GET' | 'PUT', path: string, headers: Readonly<Record<string, string>>) => Promise<string>;

function questionsTo({ protocol, hostname, port }: URL): Ask {
  const exchange: Exchange = createExchange({ connectMs: 1_000, silenceMs: 2_000 });
  const address = {
    protocol: protocol === 'https:' ? 'https:' : 'http:',
    hostname,
    port: port ? Number(port) : null,
  } as const;
  return async (method, path, headers) => {
    const answer = await exchange({ ...address, method, path, headers, body: null }, AbortSignal.timeout(timeoutMs));
    const read = await readCappedText(answer, maxBytes);
    if (read.kind === 'too-large') throw new Error(`${path} has more than ${maxBytes} bytes`);
    if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}`);
    return read.text.trim();
  };
}

async function fetchRole(ask: Ask): Promise<Omit<Held, 'fetchedMs'>> {
  const life = { 'x-aws-ec2-metadata-token-ttl-seconds': String(tokenLifeSeconds) };
  const token = { 'x-aws-ec2-metadata-token': await ask('PUT', '/latest/api/token', life) };
  const [role = ''] = (await ask('GET', rolePath, token)).split('\n');
  const answer = await ask('GET', `${rolePath}${role.trim()}`, token);
  const said = parseSecretDocument(roleSchema, answer);
  return {
    credentials: { accessKeyId: said.AccessKeyId, secretAccessKey: said.SecretAccessKey, sessionToken: said.Token },
    endsAt: Date.parse(said.Expiration),
  };
}
