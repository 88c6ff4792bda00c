/** Writes a tar.gz whose bytes depend on nothing but its entries. */
import { createHash } from 'node:crypto';
import { Gzip } from 'fflate';
import { type Pack, pack } from 'tar-stream';

export type ArchiveEntry =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'file'; readonly path: string; readonly contents: Buffer; readonly isExecutable: boolean };

/** The output of the compressor depends on how its input is cut, so the cuts must not depend on the disk. */
const cutBytes = 1024 * 1024;

const common = { mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' };

/**
 * @param entries In the order that they are to have.
 * @param write Takes each chunk of the archive; the next one comes when it has resolved.
 */
export async function writeArchive(
  entries: AsyncIterable<ArchiveEntry> | Iterable<ArchiveEntry>,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<{ readonly sha256: string; readonly size: number }> {
  const tar = pack();
  const [written] = await Promise.all([compress(tar, write), addEntries(tar, entries)]);
  return written;
}

async function addEntries(tar: Pack, entries: AsyncIterable<ArchiveEntry> | Iterable<ArchiveEntry>): Promise<void> {
  try {
    for await (const entry of entries) await addEntry(tar, entry);
    tar.finalize();
  } catch (error) {
    tar.destroy(error instanceof Error ? error : undefined);
    throw error;
  }
}

async function addEntry(tar: Pack, entry: ArchiveEntry): Promise<void> {
  const named = { ...common, name: entry.path };
  if (entry.kind === 'folder') {
    tar.entry({ ...named, type: 'directory', mode: 0o755 });
  } else if (entry.kind === 'link') {
    tar.entry({ ...named, type: 'symlink', linkname: entry.target, mode: 0o777 });
  } else {
    const header = { ...named, mode: entry.isExecutable ? 0o755 : 0o644 };
    await new Promise<void>((resolve, reject) => {
      tar.entry(header, entry.contents, (error) => (error ? reject(error) : resolve()));
    });
  }
}

async function compress(
  tar: Pack,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  let ready: Uint8Array[] = [];
  const gzip = new Gzip({ level: 6, mtime: 0 }, (chunk) => ready.push(chunk));
  const flush = async (): Promise<void> => {
    const chunks = ready;
    ready = [];
    for (const chunk of chunks) {
      hash.update(chunk);
      size += chunk.length;
      await write(chunk);
    }
  };
  for await (const cut of recut(tar)) {
    gzip.push(cut, false);
    await flush();
  }
  gzip.push(new Uint8Array(0), true);
  await flush();
  return { sha256: hash.digest('hex'), size };
}

async function* recut(chunks: Pack): AsyncGenerator<Buffer> {
  let kept: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    if (!Buffer.isBuffer(chunk)) continue;
    kept.push(chunk);
    bytes += chunk.length;
    if (bytes < cutBytes) continue;
    const all = Buffer.concat(kept);
    let at = 0;
    for (; all.length - at >= cutBytes; at += cutBytes) yield all.subarray(at, at + cutBytes);
    kept = [all.subarray(at)];
    bytes = all.length - at;
  }
  if (bytes > 0) yield Buffer.concat(kept);
}
