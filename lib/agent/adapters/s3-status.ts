/** Writes this host's status, and reads those of all hosts, with their age by the store's own clock. */
import { type HostStatus, parseHostStatus, serializeHostStatus } from '../../contract/host-status.ts';
import { statusKey, statusPrefix } from '../../contract/names.ts';
import type { StatusBoard } from '../ports.ts';
import { AdapterError } from './adapter-error.ts';
import { unavailable } from './aws-failure.ts';
import type { S3Bucket } from './s3-bucket.ts';
import type { ListedObject, Listing } from './s3-listing.ts';
import { readObject } from './s3-object.ts';

/** What `parseHostStatus` reads at most. */
const maxBytes = 128 * 1024;
const readsAtOnce = 8;
/** Far above the hosts of one environment; stops a listing that never ends. */
const maxHosts = 5_000;

export interface S3StatusProps {
  readonly bucket: S3Bucket;
  /** The only key that this host may write is its own. */
  readonly host: string;
}

export function createS3Status({ bucket, host }: S3StatusProps): StatusBoard {
  // A status that did not change since the last listing is not read again.
  let known = new Map<string, { readonly etag: string; readonly status: HostStatus }>();

  const readStatus = async (entry: ListedObject, signal: AbortSignal): Promise<HostStatus | null> => {
    const cached = known.get(entry.key);
    if (cached?.etag === entry.etag) return cached.status;
    const read = await readObject(bucket, { key: entry.key, maxBytes }, signal);
    if (read.kind === 'unavailable') throw new AdapterError('store-list-failed', read.detail);
    return read.kind === 'read' ? parseOwn(read.text, entry.key) : null;
  };

  return {
    async write(status, signal) {
      const key = statusKey(host);
      try {
        await bucket.put(key, serializeHostStatus(status), signal);
      } catch (cause) {
        const { detail } = unavailable(`write s3://${bucket.name}/${key}`, cause);
        throw new AdapterError('store-write-failed', detail, { cause });
      }
    },

    async list(signal) {
      const entries = await listEntries(bucket, signal);
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

async function listEntries(bucket: S3Bucket, signal: AbortSignal): Promise<readonly ListedObject[]> {
  const entries: ListedObject[] = [];
  let token: string | null = null;
  try {
    do {
      const page: Listing = await bucket.list(statusPrefix, token, signal);
      entries.push(...page.objects);
      token = page.next;
    } while (token !== null && entries.length < maxHosts);
  } catch (cause) {
    const { detail } = unavailable(`list s3://${bucket.name}/${statusPrefix}`, cause);
    throw new AdapterError('store-list-failed', detail, { cause });
  }
  return entries;
}

async function inBatches<T, R>(items: readonly T[], action: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < items.length; i += readsAtOnce) {
    results.push(...(await Promise.all(items.slice(i, i + readsAtOnce).map(action))));
  }
  return results;
}
