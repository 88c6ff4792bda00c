/** The blobs that are unpacked on this host: each is verified while it unpacks, and appears as a whole or not at all. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { addAbortSignal, Readable } from 'node:stream';
import type { BlobDirectory, Refused, Unavailable, UnpackRequest } from '../ports.ts';
import { ArchiveRefusal, ArchiveUnpacker } from './archive-unpacker.ts';
import { chunksOf } from './capped-text.ts';
import { syncDirectory } from './durable-file.ts';
import { errorCode, errorMessage, field } from './error-facts.ts';
import { syncFileSystem } from './sync-file-system.ts';

type Unpacked = { readonly kind: 'unpacked' } | Refused | Unavailable;

export function createUnpackedBlobs({ directory }: { readonly directory: string }): BlobDirectory {
  const path = (sha256: string) => join(directory, sha256);
  const underway = new Set<string>();
  const has = (sha256: string) => isDirectory(path(sha256));

  return {
    has,
    path,

    async unpack(blob, stream, signal) {
      const temporary = `${blob.sha256}.tmp-${randomBytes(6).toString('hex')}`;
      underway.add(temporary);
      try {
        if (await has(blob.sha256)) return { kind: 'unpacked' };
        return await unpackInto(
          { temporary: join(directory, temporary), final: path(blob.sha256) },
          blob,
          stream,
          signal,
        );
      } finally {
        destroy(stream);
        await rm(join(directory, temporary), { recursive: true, force: true });
        underway.delete(temporary);
      }
    },

    async keepOnly(sha256s) {
      const keep = new Set([...sha256s, ...underway]);
      const names = await namesIn(directory);
      for (const name of names.filter((name) => !keep.has(name))) {
        await rm(join(directory, name), { recursive: true, force: true });
      }
    },
  };
}

interface Places {
  readonly temporary: string;
  readonly final: string;
}

async function unpackInto(
  { temporary, final }: Places,
  blob: UnpackRequest,
  stream: NodeJS.ReadableStream,
  signal: AbortSignal,
): Promise<Unpacked> {
  const name = `blob ${blob.sha256}`;
  try {
    await mkdir(temporary, { recursive: true, mode: 0o755 });
  } catch (error) {
    return { kind: 'unavailable', cause: 'server', detail: `unpack ${name}: ${errorMessage(error)}` };
  }
  const unpacker = new ArchiveUnpacker(temporary, blob.only);
  try {
    const mismatch = await feed(unpacker, blob, stream, signal);
    // First the digest: what unknown bytes do to the unpacker says nothing of the release.
    if (mismatch !== null) return { kind: 'refused', reason: 'digest-mismatch', detail: `${name}: ${mismatch}` };
    await unpacker.finish();
    await syncFileSystem(temporary, signal);
    await rename(temporary, final);
    await syncDirectory(join(final, '..'));
    return { kind: 'unpacked' };
  } catch (error) {
    return explain(error, name, signal);
  } finally {
    await unpacker.close();
  }
}

/** Gives the bytes to the unpacker while it hashes them. The answer says what is wrong with the bytes; null: nothing. */
async function feed(
  unpacker: ArchiveUnpacker,
  blob: UnpackRequest,
  stream: NodeJS.ReadableStream,
  signal: AbortSignal,
): Promise<string | null> {
  const hash = createHash('sha256');
  let bytes = 0;
  if (stream instanceof Readable) addAbortSignal(signal, stream);
  for await (const chunk of chunksOf(stream)) {
    signal.throwIfAborted();
    bytes += chunk.length;
    if (bytes > blob.size) return `has more than the ${blob.size} bytes that the manifest names`;
    hash.update(chunk);
    await unpacker.write(chunk);
  }
  if (bytes < blob.size) return `has ${bytes} bytes, the manifest names ${blob.size}`;
  const digest = hash.digest('hex');
  return digest === blob.sha256 ? null : `its bytes have the digest ${digest}`;
}

function explain(error: unknown, name: string, signal: AbortSignal): Unpacked {
  if (error instanceof ArchiveRefusal)
    return { kind: 'refused', reason: 'archive-refused', detail: `${name}: ${error.message}` };
  if (signal.aborted) return { kind: 'unavailable', cause: 'timeout', detail: `unpack ${name}: cancelled` };
  // A full or failing disk: another try may succeed, and only a person can make room.
  const local = ['open', 'write', 'mkdir', 'symlink', 'rename', 'fsync', 'chmod'].includes(
    String(field(error, 'syscall')),
  );
  return { kind: 'unavailable', cause: local ? 'server' : 'network', detail: `unpack ${name}: ${errorMessage(error)}` };
}

function destroy(stream: NodeJS.ReadableStream): void {
  if (!(stream instanceof Readable)) return;
  stream.once('error', () => undefined);
  stream.destroy();
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
