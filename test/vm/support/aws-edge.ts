/** The AWS that machines see: checks who asks and what he may, fails on command, and passes the rest on to the emulator. */
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificates } from './certificates.ts';
import { type Fault, type FaultMatch, matches } from './edge-fault.ts';
import { findRefusal } from './edge-policy.ts';
import type { Identities } from './identities.ts';
import { labAddress } from './network.ts';
import { findForgery, readSignature, type SignedRequest } from './sigv4.ts';

/** One request of a machine. */
export interface EdgeCall {
  readonly at: number;
  /** `?`: it came from no machine of the lab. */
  readonly machine: string;
  /** `s3`, `ssm`, `monitoring`, `logs`. */
  readonly service: string;
  readonly method: string;
  /** Of S3 the key with its query, of others the operation: `/desired.json`, `GetParameters`. */
  readonly path: string;
  readonly status: number;
  readonly refusal: string | null;
}

export interface Edge {
  readonly calls: readonly EdgeCall[];
  /** From now on; the returned function ends it. The newest that matches is taken. */
  fault(match: FaultMatch, fault: Fault): () => void;
  close(): Promise<void>;
}

export interface EdgeProps {
  readonly region: string;
  readonly certificates: Certificates;
  readonly identities: Identities;
  /** Of the emulator. */
  readonly endpoint: string;
}

interface State extends EdgeProps {
  readonly calls: EdgeCall[];
  readonly faults: { readonly match: FaultMatch; readonly fault: Fault }[];
}

export const edgeServices = ['s3', 'ssm', 'monitoring', 'logs', 'sts'] as const;
const toleratedSkewMs = 15 * 60_000;

export async function openEdge(props: EdgeProps): Promise<Edge> {
  const state: State = { ...props, calls: [], faults: [] };
  const { certificate: cert, key } = props.certificates;
  const server = createServer({ cert, key }, (incoming, response) => {
    serve(incoming, response, state).catch(() => response.destroy());
  });
  // AWS keeps an idle connection for about as long.
  server.keepAliveTimeout = 20_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(443, labAddress, resolve);
  });
  return {
    calls: state.calls,
    fault(match, fault) {
      const entry = { match, fault };
      state.faults.unshift(entry);
      return () => void state.faults.splice(state.faults.indexOf(entry), state.faults.includes(entry) ? 1 : 0);
    },
    close: async () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Asked extends SignedRequest {
  readonly service: string;
  /** Of S3; null for the others. */
  readonly bucket: string | null;
  readonly path: string;
  readonly machine: string;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

async function serve(incoming: IncomingMessage, response: ServerResponse, state: State): Promise<void> {
  const asked = await read(incoming, state);
  const { fault } = state.faults.find(({ match }) => matches(match, asked)) ?? {};
  const record = (status: number, refusal: string | null): void => {
    const { machine, service, method, path } = asked;
    state.calls.push({ at: Date.now(), machine, service, method, path, status, refusal });
  };
  if (fault?.kind === 'drop') {
    record(0, 'dropped');
    return void incoming.socket.destroy();
  }
  // The connection stays, and nothing comes: the client's own time-out must end it.
  if (fault?.kind === 'silence') return record(0, 'silence');
  if (fault?.kind === 'slow') await sleep(fault.delayMs);
  const answer = await answerTo(asked, fault, state);
  record(answer.status, answer.refusal);
  const date = new Date(Date.now() + offsetOf(fault)).toUTCString();
  response.sendDate = false;
  response.writeHead(answer.status, { ...answer.headers, date, 'content-length': answer.body.length });
  response.end(asked.method === 'HEAD' ? undefined : answer.body);
}

async function read(incoming: IncomingMessage, { identities, region }: State): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  const { method = 'GET', url = '/', headers, socket } = incoming;
  const { service, bucket } = targetOf(headers.host ?? '', region);
  const path = service === 's3' ? decodeURIComponent(url) : operationOf(incoming);
  const machine = identities.at(socket.remoteAddress ?? '')?.name ?? '?';
  return { method, url, headers, body: Buffer.concat(chunks), service, bucket, path, machine };
}

/** `AmazonSSM.GetParameters`; of CloudWatch the path. */
function operationOf({ headers, url = '/' }: IncomingMessage): string {
  return /\.(\w+)$/.exec(String(headers['x-amz-target']))?.[1] ?? url;
}

function targetOf(host: string, region: string): Pick<Asked, 'service' | 'bucket'> {
  const [, bucket = null, service = ''] = /^(?:(.+)\.)?(\w+)$/.exec(host.replace(`.${region}.amazonaws.com`, '')) ?? [];
  return { service, bucket };
}

async function answerTo(
  asked: Asked,
  fault: Fault | undefined,
  state: State,
): Promise<Answer & { readonly refusal: string | null }> {
  if (fault?.kind === 'deny') return refuse(asked, 403, 'AccessDenied', 'told to deny');
  if (fault?.kind === 'status') return refuse(asked, fault.status, fault.code ?? 'ServiceUnavailable', 'told to fail');
  const wrong = findWrong(asked, offsetOf(fault), state);
  if (wrong) return refuse(asked, 403, wrong.code, wrong.message);
  const answer = await passOn(asked, state);
  if (fault?.kind !== 'corrupt') return { ...answer, refusal: null };
  return { ...answer, body: corrupted(answer.body), refusal: 'corrupted' };
}

function corrupted(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  const middle = Math.floor(changed.length / 2);
  if (changed.length > 0) changed.writeUInt8(changed.readUInt8(middle) ^ 1, middle);
  return changed;
}

const offsetOf = (fault: Fault | undefined): number => (fault?.kind === 'skew' ? fault.offsetMs : 0);

function findWrong(asked: Asked, clockOffsetMs: number, { identities, region }: State) {
  const signature = readSignature(asked);
  if (!signature) return { code: 'MissingAuthenticationToken', message: 'no signature, or not version 4' };
  const holder = identities.holder(signature.accessKeyId);
  if (!holder || holder.identity.name !== asked.machine) {
    return { code: 'InvalidAccessKeyId', message: 'these credentials were not given to this machine' };
  }
  const signedAt = Date.parse(signature.date.replace(/^(....)(..)(..T..)(..)(..)Z$/, '$1-$2-$3:$4:$5Z'));
  if (Math.abs(signedAt - Date.now() - clockOffsetMs) > toleratedSkewMs) {
    const message = "The difference between the request time and the server's time is too large.";
    return { code: 'RequestTimeTooSkewed', message };
  }
  if (signature.region !== region || signature.service !== asked.service) {
    return { code: 'SignatureDoesNotMatch', message: `signed for ${signature.service} in ${signature.region}` };
  }
  const forgery = findForgery(asked, signature, holder.credentials);
  if (forgery !== null) return { code: 'SignatureDoesNotMatch', message: forgery };
  const refusal = findRefusal(asked, holder.identity);
  return refusal === null ? null : { code: 'AccessDenied', message: refusal };
}

/** S3 answers in XML, the others in JSON. */
function refuse({ service }: Asked, status: number, code: string, message: string) {
  const refusal = `${code}: ${message}`;
  if (service === 's3') {
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    return { status, headers: { 'content-type': 'application/xml' }, body: Buffer.from(body), refusal };
  }
  const body = JSON.stringify({ __type: `${code}Exception`, message });
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': `${code}Exception` };
  return { status: status === 403 ? 400 : status, headers, body: Buffer.from(body), refusal };
}

const hopHeaders = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date', 'server']);

/** As the emulator's own user: it knows no sessions. A bucket goes into the path, because the emulator's name resolves to no bucket. */
function passOn({ service, bucket, method, url, headers, body }: Asked, { endpoint, region }: State): Promise<Answer> {
  const { authorization: _, 'x-amz-security-token': __, connection: ___, ...kept } = headers;
  const scope = `lab/20260101/${region}/${service}/aws4_request`;
  const credential = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=${'0'.repeat(64)}`;
  const target = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const upstream = httpRequest({
      host: '127.0.0.1',
      port: target.port,
      method,
      path: bucket === null ? url : `/${bucket}${url}`,
      headers: { ...kept, host: target.host, authorization: credential, 'content-length': body.length },
      timeout: 60_000,
    });
    upstream.once('error', reject);
    upstream.once('timeout', () => upstream.destroy(new Error('the emulator does not answer')));
    upstream.once('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () => {
        const headers = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !hopHeaders.has(name)));
        resolve({ status: answer.statusCode ?? 502, headers, body: Buffer.concat(chunks) });
      });
    });
    upstream.end(body);
  });
}
