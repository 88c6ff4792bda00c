/** One conditional read of a small S3 object, with everything that can come of it as a value. */
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Unavailable } from '../ports.ts';
import { httpStatus, unavailable } from './aws-failure.ts';
import { readCappedText } from './capped-text.ts';
import { errorName } from './error-facts.ts';

export type ObjectRead =
  | { readonly kind: 'read'; readonly text: string; readonly bytes: number; readonly etag: string | undefined }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'too-large'; readonly etag: string | undefined }
  | Unavailable;

export interface ObjectRequest {
  readonly bucket: string;
  readonly key: string;
  readonly maxBytes: number;
  readonly knownEtag?: string | undefined;
}

/** Never throws for what the network or the store does. */
export async function readObject(client: S3Client, request: ObjectRequest, signal: AbortSignal): Promise<ObjectRead> {
  const { bucket, key, maxBytes, knownEtag } = request;
  const condition = knownEtag === undefined ? {} : { IfNoneMatch: knownEtag };
  const command = new GetObjectCommand({ Bucket: bucket, Key: key, ...condition });
  try {
    const { Body, ETag } = await client.send(command, { abortSignal: signal });
    const body = await readCappedText(Body, maxBytes);
    return body.kind === 'text' ? { ...body, kind: 'read', etag: ETag } : { kind: 'too-large', etag: ETag };
  } catch (error) {
    if (httpStatus(error) === 304) return { kind: 'unchanged' };
    if (errorName(error) === 'NoSuchKey') return { kind: 'absent' };
    return unavailable(`read s3://${bucket}/${key}`, error);
  }
}
