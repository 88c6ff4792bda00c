/** Writes this host's status, and reads those of all hosts, with their age by the store's own clock. */
import {
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type HostStatus, parseHostStatus, serializeHostStatus } from '../../contract/host-status.ts';
import { statusKey, statusPrefix } from '../../contract/names.ts';
import type { StatusBoard } from '../ports.ts';
import { AdapterError } from './adapter-error.ts';
import { unavailable } from './aws-failure.ts';
import { field } from './error-facts.ts';
import { readObject } from './s3-object.ts';

/** What `parseHostStatus` reads at most. */
const maxBytes = 128 * 1024;
const readsAtOnce = 8;
/** Far above the hosts of one environment; stops a listing that never ends. */
const maxHosts = 5_000;

export interface S3StatusProps {
  readonly client: S3Client;
  readonly bucket: string;
  /** The only key that this host may write is its own. */
  readonly host: string;
}

interface Listed {
  readonly key: string;
  readonly etag: string;
  readonly ageMs: number;
}

export function createS3Status({ client, bucket, host }: S3StatusProps): StatusBoard {
  // A status that did not change since the last listing is not read again.
  let known = new Map<string, { readonly etag: string; readonly status: HostStatus }>();

  const readStatus = async (entry: Listed, signal: AbortSignal): Promise<HostStatus | null> => {
    const cached = known.get(entry.key);
    if (cached?.etag === entry.etag) return cached.status;
    const read = await readObject(client, { bucket, key: entry.key, maxBytes }, signal);
    if (read.kind === 'unavailable') throw new AdapterError('store-list-failed', read.detail);
    return read.kind === 'read' ? parseOwn(read.text, entry.key) : null;
  };

  return {
    async write(status, signal) {
      const key = statusKey(host);
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: serializeHostStatus(status),
        ContentType: 'application/json',
      });
      try {
        await client.send(command, { abortSignal: signal });
      } catch (cause) {
        const { detail } = unavailable(`write s3://${bucket}/${key}`, cause);
        throw new AdapterError('store-write-failed', detail, { cause });
      }
    },

    async list(signal) {
      const entries = await listEntries(client, bucket, signal);
      const statuses = await inBatches(entries, (entry) => readStatus(entry, signal));
      const seen = entries.flatMap((entry, i) => {
        const status = statuses[i];
        return status ? [{ ...entry, status }] : [];
      });
      known = new Map(seen.map(({ key, etag, status }) => [key, { etag, status }]));
      return seen.map(({ status, ageMs }) => ({ status, ageMs }));
    },
  };
}

/** Null: not a status, or one that speaks for another host. */
function parseOwn(text: string, key: string): HostStatus | null {
  try {
    const status = parseHostStatus(text, key);
    return statusKey(status.host) === key ? status : null;
  } catch {
    return null;
  }
}

async function listEntries(client: S3Client, bucket: string, signal: AbortSignal): Promise<readonly Listed[]> {
  const entries: Listed[] = [];
  let token: string | undefined;
  do {
    const page = await listPage(client, bucket, token, signal);
    entries.push(...page.entries);
    token = page.next;
  } while (token !== undefined && entries.length < maxHosts);
  return entries;
}

async function listPage(client: S3Client, bucket: string, token: string | undefined, signal: AbortSignal) {
  const page = token === undefined ? {} : { ContinuationToken: token };
  const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: statusPrefix, ...page });
  let storeTime = Number.NaN;
  command.middlewareStack.add(
    (next) => async (input) => {
      const result = await next(input);
      storeTime = Date.parse(String(field(field(result.response, 'headers'), 'date')));
      return result;
    },
    { step: 'deserialize', priority: 'low' },
  );
  try {
    const output = await client.send(command, { abortSignal: signal });
    return {
      entries: toEntries(output, Number.isNaN(storeTime) ? Date.now() : storeTime),
      next: output.NextContinuationToken,
    };
  } catch (cause) {
    const { detail } = unavailable(`list s3://${bucket}/${statusPrefix}`, cause);
    throw new AdapterError('store-list-failed', detail, { cause });
  }
}

function toEntries({ Contents = [] }: ListObjectsV2CommandOutput, storeTime: number): Listed[] {
  return Contents.flatMap(({ Key, ETag, LastModified }) =>
    Key === undefined || ETag === undefined || LastModified === undefined
      ? []
      : [{ key: Key, etag: ETag, ageMs: Math.max(0, storeTime - LastModified.getTime()) }],
  );
}

async function inBatches<T, R>(items: readonly T[], action: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < items.length; i += readsAtOnce) {
    results.push(...(await Promise.all(items.slice(i, i + readsAtOnce).map(action))));
  }
  return results;
}
