/** The bucket of an environment, as deploy sees it: create-only objects, one pointer changed by compare-and-swap, statuses to read. */
import type { HostStatus } from '../contract/host-status.ts';

/** Where AWS is, and as whom. Left out: what the AWS SDK finds by itself. */
export interface AwsAccess {
  readonly region: string;
  /** Of an emulator. Its hosts have no names per bucket, so paths are used. */
  readonly endpoint?: string | undefined;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

export type Body =
  | { readonly path: string; readonly size: number; readonly sha256: string }
  | { readonly text: string }
  | { readonly bytes: Buffer };

export interface Stored<T> {
  readonly value: T;
  readonly etag: string;
  readonly writtenAt: Date;
  /** Who wrote it, by the object's metadata; null where it does not say. */
  readonly by: string | null;
}

export interface StatusEntry {
  readonly status: HostStatus;
  readonly writtenAt: Date;
}

export interface Store {
  readonly bucket: string;
  exists(signal: AbortSignal): Promise<boolean>;
  /** Create-only. `present`: the same bytes are there, and none were sent. */
  putNew(key: string, body: Body, signal: AbortSignal): Promise<'created' | 'present'>;
  /** Undefined: no such object. */
  read<T>(key: string, parse: (text: string, name: string) => T, signal: AbortSignal): Promise<Stored<T> | undefined>;
  /** `etag` null: there must be none yet. `lost`: somebody else wrote in between. */
  compareAndSwap(
    key: string,
    text: string,
    expected: { readonly etag: string | null; readonly by: string },
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'written'; readonly etag: string } | { readonly kind: 'lost' }>;
  /** Reports of all hosts; what cannot be parsed is left out. */
  statuses(signal: AbortSignal): Promise<readonly StatusEntry[]>;
  /** The newest first. */
  versions<T>(
    key: string,
    parse: (text: string, name: string) => T,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly Stored<T>[]>;
}
