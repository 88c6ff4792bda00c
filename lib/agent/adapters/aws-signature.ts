/** Signs a request with AWS Signature Version 4. */
import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentials } from './aws-credentials.ts';
import type { HttpCall } from './aws-http.ts';

export interface AwsRequest extends Omit<HttpCall, 'path'> {
  /** Escaped. */
  readonly path: string;
  /** Not escaped. */
  readonly query: Readonly<Record<string, string>>;
}

export interface SigningScope {
  readonly service: 's3' | 'ssm' | 'monitoring';
  readonly region: string;
  readonly credentials: AwsCredentials;
  readonly date: Date;
}

/** What the signer asks of a hash; its own would be a package more. */
class Sha256 {
  readonly #hash;

  constructor(key?: Bytes) {
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', toBytes(key));
  }

  update(data: Bytes): void {
    this.#hash.update(toBytes(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    throw new Error('sign a request: a hash is used once');
  }
}

type Bytes = string | ArrayBuffer | ArrayBufferView;

function toBytes(data: Bytes): string | Uint8Array {
  if (typeof data === 'string') return data;
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

export async function signed(request: AwsRequest, scope: SigningScope): Promise<HttpCall> {
  const { service, region, credentials, date } = scope;
  const { method, protocol, hostname, port, path, query, body } = request;
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256, uriEscapePath: service !== 's3' });
  const host = port === null ? hostname : `${hostname}:${port}`;
  const digest = createHash('sha256')
    .update(body ?? '')
    .digest('hex');
  const headers = { ...request.headers, host, 'x-amz-content-sha256': digest };
  const unsigned = { method, protocol, hostname, path, query: { ...query }, headers };
  const answer = await signer.sign(unsigned, { signingDate: date });
  return { method, protocol, hostname, port, path: `${path}${queryString(query)}`, headers: answer.headers, body };
}

/** As the signature reads it: a space is `%20`. */
function queryString(query: AwsRequest['query']): string {
  const pairs = Object.entries(query).map(([name, value]) => `${escaped(name)}=${escaped(value)}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** By RFC 3986, which AWS goes by; `encodeURIComponent` leaves five characters more as they are. */
export function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
