/** The instance metadata service of the lab: version 2 only, and it knows a machine by its address, as EC2's does. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Identities, Identity } from './identities.ts';
import { metadataAddress } from './network.ts';

const roleName = 'slipway-host';
const account = '111122223333';
const credentialsLiveMs = 6 * 3_600_000;

export interface MetadataCall {
  readonly machine: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

export interface MetadataService {
  readonly calls: readonly MetadataCall[];
  /** While it is silent, no connection is answered. */
  silence(isSilent: boolean): void;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: string | Buffer;
}

export async function openMetadataService(identities: Identities, region: string): Promise<MetadataService> {
  const calls: MetadataCall[] = [];
  const tokens = new Map<string, string>();
  let isSilent = false;
  const server = createServer((request, response) => {
    if (isSilent) return void request.socket.destroy();
    const identity = identities.at(request.socket.remoteAddress ?? '');
    const answer = identity ? answerTo(request, identity, { tokens, identities, region }) : { status: 404, body: '' };
    const { method = 'GET', url = '/' } = request;
    calls.push({ machine: identity?.name ?? '?', method, path: url, status: answer.status });
    return send(response, answer);
  });
  await listen(server);
  return {
    calls,
    silence(silent) {
      isSilent = silent;
      if (silent) server.closeAllConnections();
    },
    close: async () => close(server),
  };
}

interface Context {
  readonly tokens: Map<string, string>;
  readonly identities: Identities;
  readonly region: string;
}

function answerTo(request: IncomingMessage, identity: Identity, context: Context): Answer {
  const { method, url = '/', headers } = request;
  const [, path] = /^\/(?:latest|\d{4}-\d{2}-\d{2})\/(.*)$/.exec(url) ?? [];
  if (path === 'api/token') return giveToken(request, identity, context);
  const isKnown = context.tokens.get(String(headers['x-aws-ec2-metadata-token'])) === identity.instance;
  if (!isKnown || method !== 'GET') return { status: 401, body: '' };
  if (path === undefined) return { status: 404, body: '' };
  const found = leaves(identity, context).get(path.replace(/\/$/, '')) ?? listing(path, identity, context);
  return found === undefined ? { status: 404, body: '' } : { status: 200, body: found };
}

/** EC2 refuses what a forwarding proxy sends, and tokens without a life time. */
function giveToken({ method, headers }: IncomingMessage, identity: Identity, { tokens }: Context): Answer {
  if (method !== 'PUT' || headers['x-forwarded-for'] !== undefined) return { status: 403, body: '' };
  if (!/^\d{1,5}$/.test(String(headers['x-aws-ec2-metadata-token-ttl-seconds']))) return { status: 400, body: '' };
  const token = randomBytes(40).toString('base64');
  tokens.set(token, identity.instance);
  return { status: 200, body: token };
}

/** A folder lists its entries, those that are folders with a slash. */
function listing(path: string, identity: Identity, context: Context): string | undefined {
  const prefix = path === '' || path.endsWith('/') ? path : `${path}/`;
  const names = [...leaves(identity, context).keys()]
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length).replace(/\/.*/, '/'));
  return names.length === 0 ? undefined : [...new Set(names)].join('\n');
}

function leaves(identity: Identity, { identities, region }: Context): ReadonlyMap<string, string> {
  const { instance, address, userData } = identity;
  const entries: [string, string][] = [
    ['meta-data/instance-id', instance],
    ['meta-data/ami-id', 'ami-00000000000000000'],
    ['meta-data/instance-type', 't3.small'],
    ['meta-data/local-ipv4', address],
    ['meta-data/hostname', `ip-${address.replaceAll('.', '-')}.${region}.compute.internal`],
    ['meta-data/local-hostname', `ip-${address.replaceAll('.', '-')}.${region}.compute.internal`],
    ['meta-data/placement/availability-zone', `${region}a`],
    ['meta-data/placement/region', region],
    ['meta-data/iam/info', JSON.stringify({ Code: 'Success', InstanceProfileId: 'AIPA00000000000000000' })],
    [`meta-data/iam/security-credentials/${roleName}`, credentialsText(identity, identities)],
    ['dynamic/instance-identity/document', identityDocument(identity, region)],
  ];
  if (userData !== '') entries.push(['user-data', userData]);
  return new Map(entries);
}

function credentialsText(identity: Identity, identities: Identities): string {
  const { accessKeyId, secretAccessKey, sessionToken } = identities.credentialsOf(identity);
  const now = Date.now();
  // Pretty-printed in this very form: a script without a JSON parser reads it line by line.
  return JSON.stringify(
    {
      Code: 'Success',
      LastUpdated: isoSeconds(now),
      Type: 'AWS-HMAC',
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      Token: sessionToken,
      Expiration: isoSeconds(now + credentialsLiveMs),
    },
    null,
    2,
  ).replaceAll('": "', '" : "');
}

const isoSeconds = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

function identityDocument({ instance, address }: Identity, region: string): string {
  return JSON.stringify(
    {
      accountId: account,
      architecture: 'x86_64',
      availabilityZone: `${region}a`,
      imageId: 'ami-00000000000000000',
      instanceId: instance,
      instanceType: 't3.small',
      privateIp: address,
      region,
      version: '2017-09-30',
    },
    null,
    2,
  );
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'text/plain', server: 'EC2ws' }).end(body);
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(80, metadataAddress, resolve);
  });
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
