/** The store in S3. */
import {
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { ContractError } from '../contract/document.ts';
import { parseHostStatus } from '../contract/host-status.ts';
import { statusPrefix } from '../contract/names.ts';
import { DeliveryError } from './delivery-error.ts';
import { mapLimited } from './map-limited.ts';
import { type S3Call, s3Call } from './s3-client.ts';
import { isPreconditionFailure, uploadNew } from './s3-upload.ts';
import { errorName, httpStatus } from './store-fault.ts';
import type { AwsAccess, StatusEntry, Store, Stored } from './store.ts';

type Parse<T> = (text: string, name: string) => T;

/** Far above any document; what is larger is refused unread. */
const maxDocumentBytes = 1024 * 1024;
const parallelReads = 8;

/** The parts of deploy that read and write one environment's bucket go through this. */
export function openStore(bucket: string, aws: AwsAccess): Store {
  const s3 = s3Call(bucket, aws);
  const statusCache = new Map<string, CachedStatus>();
  return {
    bucket,
    exists: async (signal) => bucketExists(s3, signal),
    putNew: async (key, body, signal) => uploadNew(s3, key, body, signal),
    read: async (key, parse, signal) => read(s3, { key }, parse, signal),
    compareAndSwap: async (key, text, expected, signal) => compareAndSwap(s3, { key, text, ...expected }, signal),
    statuses: async (signal) => readStatuses(s3, statusCache, signal),
    versions: async (key, parse, limit, signal) => readVersions(s3, { key, limit }, parse, signal),
  };
}

async function bucketExists(s3: S3Call, signal: AbortSignal): Promise<boolean> {
  return s3.run(`looking for bucket '${s3.bucket}'`, signal, async (options) => {
    try {
      await s3.client.send(new HeadBucketCommand({ Bucket: s3.bucket }), options);
      return true;
    } catch (error) {
      if (httpStatus(error) === 404) return false;
      throw error;
    }
  });
}

async function read<T>(
  s3: S3Call,
  { key, versionId }: { readonly key: string; readonly versionId?: string | undefined },
  parse: Parse<T>,
  signal: AbortSignal,
): Promise<Stored<T> | undefined> {
  const name = `s3://${s3.bucket}/${key}`;
  const found = await s3.run(`reading ${name}`, signal, async (options) => {
    try {
      const command = new GetObjectCommand({ Bucket: s3.bucket, Key: key, VersionId: versionId });
      const { Body, ContentLength, ETag, LastModified, Metadata } = await s3.client.send(command, options);
      if ((ContentLength ?? 0) > maxDocumentBytes) throw new Error(`it has ${String(ContentLength)} bytes`);
      return { text: (await Body?.transformToString()) ?? '', ETag, LastModified, Metadata };
    } catch (error) {
      if (errorName(error) === 'NoSuchKey') return undefined;
      throw error;
    }
  });
  if (!found) return undefined;
  const by = found.Metadata?.['by'];
  return {
    value: parseStored(found.text, name, parse),
    etag: found.ETag ?? '',
    writtenAt: found.LastModified ?? new Date(0),
    by: by === undefined ? null : decodeURIComponent(by),
  };
}

function parseStored<T>(text: string, name: string, parse: Parse<T>): T {
  try {
    return parse(text, name);
  } catch (cause) {
    if (!(cause instanceof ContractError)) throw cause;
    const wrong = cause.problems.map(({ field, problem }) => (field ? `${field}: ${problem}` : problem)).join('; ');
    const todo = 'update this clone if a newer Slipway wrote it; else look who did, among the versions of the object';
    throw new DeliveryError('invalid-document', { tried: `reading ${name}`, wrong, todo }, { cause });
  }
}

interface Swap {
  readonly key: string;
  readonly text: string;
  readonly etag: string | null;
  readonly by: string;
}

async function compareAndSwap(s3: S3Call, { key, text, etag, by }: Swap, signal: AbortSignal) {
  const command = new PutObjectCommand({
    Bucket: s3.bucket,
    Key: key,
    Body: text,
    ContentType: 'application/json',
    // Metadata travels in headers, which hold ASCII.
    Metadata: { by: encodeURIComponent(by) },
    ...(etag === null ? { IfNoneMatch: '*' } : { IfMatch: etag }),
  });
  return s3.run(`writing s3://${s3.bucket}/${key}`, signal, async (options) => {
    try {
      const { ETag } = await s3.client.send(command, options);
      return { kind: 'written', etag: ETag ?? '' } as const;
    } catch (error) {
      if (!isPreconditionFailure(error) && errorName(error) !== 'NoSuchKey') throw error;
      const etag = wasRepeated(error) ? await etagOf(s3, key, text, options) : null;
      return etag === null ? ({ kind: 'lost' } as const) : ({ kind: 'written', etag } as const);
    }
  });
}

/** The first attempt may have been carried out, and only its answer lost: then the second one loses to the first. */
function wasRepeated(error: unknown): boolean {
  return error instanceof S3ServiceException && (error.$metadata.attempts ?? 1) > 1;
}

/** Null: something else is stored there. */
async function etagOf(s3: S3Call, key: string, text: string, options: { abortSignal: AbortSignal }) {
  const { Body, ETag } = await s3.client.send(new GetObjectCommand({ Bucket: s3.bucket, Key: key }), options);
  return (await Body?.transformToString()) === text ? (ETag ?? '') : null;
}

interface CachedStatus {
  readonly etag: string;
  readonly entry: StatusEntry | undefined;
}

/** Reads again only what changed since the last look. */
async function readStatuses(s3: S3Call, cache: Map<string, CachedStatus>, signal: AbortSignal) {
  const listed = await listStatusObjects(s3, signal);
  const entries = await mapLimited(listed, parallelReads, async ({ key, etag, writtenAt }) => {
    const known = cache.get(key);
    if (known?.etag === etag) return known.entry && { ...known.entry, writtenAt };
    const entry = await readStatus(s3, key, signal);
    cache.set(key, { etag, entry });
    return entry;
  });
  return entries.filter((entry) => entry !== undefined);
}

/** A host may write anything under its own key: what is no status is left out, and does not stop the others. */
async function readStatus(s3: S3Call, key: string, signal: AbortSignal): Promise<StatusEntry | undefined> {
  try {
    const found = await read(s3, { key }, parseHostStatus, signal);
    return found && { status: found.value, writtenAt: found.writtenAt };
  } catch (error) {
    if (error instanceof DeliveryError && error.code === 'invalid-document') return undefined;
    throw error;
  }
}

async function listStatusObjects(s3: S3Call, signal: AbortSignal) {
  const found: { key: string; etag: string; writtenAt: Date }[] = [];
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({ Bucket: s3.bucket, Prefix: statusPrefix, ContinuationToken: token });
    const page = await s3.run(`listing s3://${s3.bucket}/${statusPrefix}`, signal, async (options) =>
      s3.client.send(command, options),
    );
    for (const { Key, ETag, LastModified } of page.Contents ?? []) {
      if (Key !== undefined) found.push({ key: Key, etag: ETag ?? '', writtenAt: LastModified ?? new Date(0) });
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return found;
}

async function readVersions<T>(
  s3: S3Call,
  { key, limit }: { readonly key: string; readonly limit: number },
  parse: Parse<T>,
  signal: AbortSignal,
): Promise<readonly Stored<T>[]> {
  const command = new ListObjectVersionsCommand({ Bucket: s3.bucket, Prefix: key, MaxKeys: Math.min(limit, 1_000) });
  const page = await s3.run(`listing the versions of s3://${s3.bucket}/${key}`, signal, async (options) =>
    s3.client.send(command, options),
  );
  const versions = (page.Versions ?? []).filter(({ Key }) => Key === key).slice(0, limit);
  const found = await mapLimited(versions, parallelReads, async ({ VersionId }) =>
    read(s3, { key, versionId: VersionId }, parse, signal),
  );
  return found.filter((version) => version !== undefined);
}
