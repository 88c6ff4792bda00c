/** Create-only upload: an object that is there moves no bytes, and is never replaced. */
import { type ReadStream, createReadStream } from 'node:fs';
import { HeadObjectCommand, type HeadObjectCommandOutput, PutObjectCommand } from '@aws-sdk/client-s3';
import { sha256 } from '../contract/canonical-json.ts';
import { DeliveryError } from './delivery-error.ts';
import type { S3Call } from './s3-client.ts';
import { errorName, httpStatus } from './store-fault.ts';
import type { Body } from './store.ts';

interface Upload {
  readonly key: string;
  readonly size: number;
  readonly sha256: string;
  readonly open: () => ReadStream | string | Buffer;
}

/** The SDK does not repeat what it sends from a stream: this does, with a new one. */
const attempts = 3;

export async function uploadNew(
  s3: S3Call,
  key: string,
  body: Body,
  signal: AbortSignal,
): Promise<'created' | 'present'> {
  const upload = describeUpload(key, body);
  for (let attempt = 1; ; attempt += 1) {
    const found = await head(s3, key, signal);
    if (found) return comparePresent(s3, upload, found);
    try {
      if (await put(s3, upload, signal)) return 'created';
    } catch (error) {
      const isTransient = error instanceof DeliveryError && error.code === 'network';
      if (!isTransient || attempt >= attempts) throw error;
    }
  }
}

function describeUpload(key: string, body: Body): Upload {
  if ('path' in body) return { key, size: body.size, sha256: body.sha256, open: () => createReadStream(body.path) };
  const whole = 'bytes' in body ? body.bytes : body.text;
  return { key, size: Buffer.byteLength(whole), sha256: sha256(whole), open: () => whole };
}

async function head(s3: S3Call, key: string, signal: AbortSignal): Promise<HeadObjectCommandOutput | undefined> {
  return s3.run(`looking for s3://${s3.bucket}/${key}`, signal, async (options) => {
    try {
      return await s3.client.send(new HeadObjectCommand({ Bucket: s3.bucket, Key: key }), options);
    } catch (error) {
      if (httpStatus(error) === 404) return undefined;
      throw error;
    }
  });
}

/** False: somebody else wrote it meanwhile. */
async function put(s3: S3Call, upload: Upload, signal: AbortSignal): Promise<boolean> {
  const body = upload.open();
  const command = new PutObjectCommand({
    Bucket: s3.bucket,
    Key: upload.key,
    Body: body,
    ContentLength: upload.size,
    ChecksumSHA256: Buffer.from(upload.sha256, 'hex').toString('base64'),
    IfNoneMatch: '*',
    Metadata: { sha256: upload.sha256 },
  });
  try {
    return await s3.run(`uploading s3://${s3.bucket}/${upload.key}`, signal, async (options) => {
      try {
        await s3.client.send(command, options);
        return true;
      } catch (error) {
        if (isPreconditionFailure(error)) return false;
        throw error;
      }
    });
  } finally {
    if (typeof body !== 'string' && !Buffer.isBuffer(body)) body.destroy();
  }
}

function comparePresent(s3: S3Call, upload: Upload, found: HeadObjectCommandOutput): 'present' {
  const digest = found.Metadata?.['sha256'];
  if (found.ContentLength === upload.size && (digest === undefined || digest === upload.sha256)) return 'present';
  throw new DeliveryError('digest-collision', {
    tried: `uploading s3://${s3.bucket}/${upload.key}`,
    wrong: `another object has that name: ${String(found.ContentLength)} bytes, expected ${upload.size} with SHA-256 '${upload.sha256}'`,
    todo: 'find out who wrote it; what has such a name never changes',
  });
}

/** 409: two conditional writes met, and this one may try again. */
export function isPreconditionFailure(error: unknown): boolean {
  return errorName(error) === 'PreconditionFailed' || [409, 412].includes(httpStatus(error) ?? 0);
}
