/** A store in memory that keeps to the same promises as the one in S3; the same suite runs on both. */
import { sha256 } from '../../lib/contract/canonical-json.ts';
import { parseHostStatus, serializeHostStatus, type HostStatus } from '../../lib/contract/host-status.ts';
import { statusKey, statusPrefix } from '../../lib/contract/names.ts';
import { DeliveryError } from '../../lib/delivery/delivery-error.ts';
import type { Body, Store, Stored } from '../../lib/delivery/store.ts';

interface Version {
  readonly text: string;
  readonly size: number;
  readonly digest: string;
  readonly etag: string;
  readonly by: string | null;
  readonly writtenAt: Date;
}

export interface MemoryStore extends Store {
  /** Keys in the order of their first write. */
  readonly keys: readonly string[];
  report(status: HostStatus, writtenAt?: Date): void;
  /** The next calls of `statuses` throw it. */
  fail(errors: readonly Error[]): void;
}

export function memoryStore(now: () => number = () => 0): MemoryStore {
  const objects = new Map<string, Version[]>();
  const keys: string[] = [];
  const failures: Error[] = [];
  let count = 0;
  const newest = (key: string): Version | undefined => objects.get(key)?.at(-1);
  const write = (key: string, version: Omit<Version, 'etag'>): string => {
    count += 1;
    const etag = `"${count}"`;
    if (!objects.has(key)) keys.push(key);
    objects.set(key, [...(objects.get(key) ?? []), { ...version, etag }]);
    return etag;
  };
  return {
    bucket: 'memory',
    keys,
    fail: (errors) => void failures.push(...errors),
    report(status, writtenAt = new Date(now())) {
      const text = serializeHostStatus(status);
      write(statusKey(status.host), { ...describe({ text }), by: null, writtenAt });
    },
    exists: async () => Promise.resolve(true),
    async putNew(key, body) {
      await Promise.resolve();
      const found = newest(key);
      const { digest, size, text } = describe(body);
      if (!found) {
        write(key, { text, size, digest, by: null, writtenAt: new Date(now()) });
        return 'created';
      }
      if (found.digest === digest) return 'present';
      throw new DeliveryError('digest-collision', { tried: key, wrong: 'another object has that name', todo: 'look' });
    },
    async read(key, parse) {
      await Promise.resolve();
      const found = newest(key);
      return found && toStored(key, found, parse);
    },
    async compareAndSwap(key, text, { etag, by }) {
      await Promise.resolve();
      if ((newest(key)?.etag ?? null) !== etag) return { kind: 'lost' };
      return { kind: 'written', etag: write(key, { ...describe({ text }), by, writtenAt: new Date(now()) }) };
    },
    async statuses() {
      await Promise.resolve();
      const failure = failures.shift();
      if (failure) throw failure;
      return keys
        .filter((key) => key.startsWith(statusPrefix))
        .flatMap((key) => {
          const found = newest(key);
          return found ? [{ status: parseHostStatus(found.text), writtenAt: found.writtenAt }] : [];
        });
    },
    async versions(key, parse, limit) {
      await Promise.resolve();
      const versions = (objects.get(key) ?? []).toReversed().slice(0, limit);
      return versions.map((version) => toStored(key, version, parse));
    },
  };
}

function describe(body: Body): Pick<Version, 'text' | 'size' | 'digest'> {
  if ('path' in body) return { text: '', size: body.size, digest: body.sha256 };
  if ('bytes' in body) return { text: '', size: body.bytes.length, digest: sha256(body.bytes) };
  return { text: body.text, size: Buffer.byteLength(body.text), digest: sha256(body.text) };
}

function toStored<T>(key: string, version: Version, parse: (text: string, name: string) => T): Stored<T> {
  const { etag, writtenAt, by } = version;
  return { value: parse(version.text, key), etag, writtenAt, by };
}
