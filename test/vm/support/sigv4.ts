/**
 * Checks a request's AWS Signature Version 4, written from the specification and not from the SDK that the agent uses.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export interface SignedRequest {
  readonly method: string;
  /** As sent, with the query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface Signature {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  /** `20261123T080000Z`. */
  readonly date: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const authorization =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/([^/,]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/** Undefined: the request carries none. */
export function readSignature({ headers }: SignedRequest): Signature | undefined {
  const [, accessKeyId, day, region, service, signed, signature] =
    authorization.exec(text(headers['authorization'])) ?? [];
  const date = text(headers['x-amz-date']);
  if (!accessKeyId || !day || !region || !service || !signed || !signature || !date.startsWith(day)) return undefined;
  return { accessKeyId, region, service, date, signedHeaders: signed.split(';'), signature };
}

/** What is wrong with the signature, or null. */
export function findForgery(
  request: SignedRequest,
  of: Signature,
  { secretAccessKey, sessionToken }: { readonly secretAccessKey: string; readonly sessionToken: string },
): string | null {
  if (text(request.headers['x-amz-security-token']) !== sessionToken) return 'the session token is not the one given';
  const unsigned = ['host', 'x-amz-date', 'x-amz-security-token'].find((name) => !of.signedHeaders.includes(name));
  if (unsigned !== undefined) return `the header ${unsigned} is not signed`;
  const actual = sha256(request.body);
  const declared = text(request.headers['x-amz-content-sha256']) || actual;
  if (/^[0-9a-f]{64}$/.test(declared) && declared !== actual) return 'the body is not the one that was signed';
  const scope = `${of.date.slice(0, 8)}/${of.region}/${of.service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', of.date, scope, sha256(canonicalRequest(request, of, declared))].join('\n');
  const key = [of.date.slice(0, 8), of.region, of.service, 'aws4_request'].reduce<Buffer | string>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    `AWS4${secretAccessKey}`,
  );
  const expected = createHmac('sha256', key).update(toSign).digest();
  return timingSafeEqual(expected, Buffer.from(of.signature, 'hex')) ? null : 'the signature does not match';
}

function canonicalRequest({ method, url, headers }: SignedRequest, of: Signature, bodyDigest: string): string {
  const [path = '/', query = ''] = url.split('?', 2);
  const pairs = query === '' ? [] : query.split('&').map((pair) => (pair.includes('=') ? pair : `${pair}=`));
  return [
    method,
    // S3 signs the path as it is sent; all others encode it once more.
    of.service === 's3' ? path : path.split('/').map(encodeRfc3986).join('/'),
    pairs.sort().join('&'),
    ...of.signedHeaders.map((name) => `${name}:${text(headers[name]).trim().replaceAll(/ +/g, ' ')}`),
    '',
    of.signedHeaders.join(';'),
    bodyDigest,
  ].join('\n');
}

const encodeRfc3986 = (part: string): string =>
  encodeURIComponent(part).replaceAll(/[!'()*]/g, (c) => `%${c.codePointAt(0)?.toString(16).toUpperCase()}`);
const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
const text = (value: string | string[] | undefined): string => (Array.isArray(value) ? value.join(',') : (value ?? ''));
