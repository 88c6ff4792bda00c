/** Packs a folder into an app blob: the same files give the same bytes on any machine. */
import { createHash } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { lstat, readFile, readdir, readlink } from 'node:fs/promises';
import { dirname, join, normalize, relative } from 'node:path';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { Gzip } from 'fflate';
import { type Pack, pack } from 'tar-stream';
import { DeliveryError } from './delivery-error.ts';

export interface AppBlobOptions {
  readonly folder: string;
  /** Where the blob is written. */
  readonly path: string;
  readonly signal: AbortSignal;
}

/** The output of the compressor depends on how its input is cut, so the cuts must not depend on the disk. */
const cutBytes = 1024 * 1024;

/** Throws `DeliveryError` for what a host would refuse to unpack. */
export async function packApp(options: AppBlobOptions): Promise<{ readonly sha256: string; readonly size: number }> {
  const entries = await listEntries(options.folder);
  const tar = pack();
  const [written] = await Promise.all([compress(tar, options), addEntries(tar, entries, options)]);
  return written;
}

/** Paths below the folder, sorted by their code units. */
async function listEntries(folder: string): Promise<readonly string[]> {
  const found = await readdir(folder, { withFileTypes: true, recursive: true });
  return found.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
}

async function addEntries(tar: Pack, paths: readonly string[], { folder, signal }: AppBlobOptions): Promise<void> {
  try {
    for (const path of paths) {
      signal.throwIfAborted();
      await addEntry(tar, path, folder);
    }
    tar.finalize();
  } catch (error) {
    tar.destroy(error instanceof Error ? error : undefined);
    throw error;
  }
}

const common = { mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' };

async function addEntry(tar: Pack, path: string, folder: string): Promise<void> {
  const file = join(folder, path);
  const stats = await lstat(file);
  if (stats.isDirectory()) {
    tar.entry({ ...common, name: path, type: 'directory', mode: 0o755 });
  } else if (stats.isSymbolicLink()) {
    const linkname = await readlink(file);
    if (escapes(path, linkname)) throw refused(path, `is a link out of the service's folder, to '${linkname}'`);
    tar.entry({ ...common, name: path, type: 'symlink', linkname, mode: 0o777 });
  } else if (stats.isFile()) {
    const mode = (stats.mode & constants.S_IXUSR) === 0 ? 0o644 : 0o755;
    await new Promise<void>((resolve, reject) => {
      readFile(file)
        .then((contents) =>
          tar.entry({ ...common, name: path, mode }, contents, (error) => (error ? reject(error) : resolve())),
        )
        .catch(reject);
    });
  } else {
    throw refused(path, 'is neither a file nor a folder nor a link');
  }
}

function escapes(path: string, target: string): boolean {
  const resolved = normalize(join(dirname(path), target));
  return target.startsWith('/') || resolved === '..' || resolved.startsWith('../');
}

async function compress(tar: Pack, { path, signal }: AppBlobOptions): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  const file = createWriteStream(path, { signal });
  let size = 0;
  const gzip = new Gzip({ level: 6, mtime: 0 }, (chunk) => {
    hash.update(chunk);
    size += chunk.length;
    file.write(chunk);
  });
  const closed = finished(file);
  try {
    for await (const cut of recut(tar)) {
      gzip.push(cut, false);
      if (file.writableNeedDrain) await Promise.race([once(file, 'drain'), closed]);
    }
    gzip.push(new Uint8Array(0), true);
    file.end();
  } catch (error) {
    file.destroy();
    await closed.catch(() => undefined);
    throw error;
  }
  await closed;
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

function refused(path: string, wrong: string): DeliveryError {
  return new DeliveryError('archive-failed', {
    tried: `packing '${path}' of the service`,
    wrong: `it ${wrong}`,
    todo: 'take it out of the service or of what its build writes',
  });
}
