/** One conditional read of a small S3 object, with everything that can come of it as a value. */
import type { Unavailable } from '../ports.ts';
import { readBody } from './aws-client.ts';
import { awsCode, unavailable } from './aws-failure.ts';
import type { S3Bucket } from './s3-bucket.ts';

export type ObjectRead =
  | { readonly kind: 'read'; readonly text: string; readonly bytes: number; readonly etag: string | undefined }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'too-large'; readonly etag: string | undefined }
  | Unavailable;

export interface ObjectRequest {
  readonly key: string;
  readonly maxBytes: number;
  readonly knownEtag?: string | undefined;
}

/** Never throws for what the network or the store does. */
export async function readObject(bucket: S3Bucket, request: ObjectRequest, signal: AbortSignal): Promise<ObjectRead> {
  const { key, maxBytes, knownEtag } = request;
  try {
    const answer = await bucket.get(key, knownEtag, signal);
    const { etag } = answer.headers;
    const body = await readBody(answer, maxBytes, signal);
    if (answer.statusCode === 304) return { kind: 'unchanged' };
    return body.kind === 'text' ? { ...body, kind: 'read', etag } : { kind: 'too-large', etag };
  } catch (error) {
    if (awsCode(error) === 'NoSuchKey') return { kind: 'absent' };
    return unavailable(`read s3://${bucket.name}/${key}`, error);
  }
}
