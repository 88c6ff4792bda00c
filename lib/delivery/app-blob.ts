/** Packs a folder into an app blob: the same files give the same bytes on any machine. */
import { constants, createWriteStream } from 'node:fs';
import { lstat, readFile, readdir, readlink } from 'node:fs/promises';
import { dirname, join, normalize, relative } from 'node:path';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { type ArchiveEntry, writeArchive } from './archive.ts';
import { DeliveryError } from './delivery-error.ts';

export interface AppBlobOptions {
  readonly folder: string;
  /** Where the blob is written. */
  readonly path: string;
  readonly signal: AbortSignal;
}

/** Throws `DeliveryError` for what a host would refuse to unpack. */
export async function packApp(options: AppBlobOptions): Promise<{ readonly sha256: string; readonly size: number }> {
  const file = createWriteStream(options.path, { signal: options.signal });
  const closed = finished(file);
  // It may fail while the next entry is read; whoever waits for it then hears of it.
  void closed.catch(() => undefined);
  try {
    const written = await writeArchive(readEntries(options), async (chunk) => {
      if (!file.write(chunk)) await Promise.race([once(file, 'drain'), closed]);
    });
    file.end();
    await closed;
    return written;
  } catch (error) {
    file.destroy();
    await closed.catch(() => undefined);
    throw error;
  }
}

async function* readEntries({ folder, signal }: AppBlobOptions): AsyncGenerator<ArchiveEntry> {
  for (const path of await listPaths(folder)) {
    signal.throwIfAborted();
    yield await readEntry(path, folder);
  }
}

/** Paths below the folder, sorted by their code units. */
async function listPaths(folder: string): Promise<readonly string[]> {
  const found = await readdir(folder, { withFileTypes: true, recursive: true });
  return found.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
}

async function readEntry(path: string, folder: string): Promise<ArchiveEntry> {
  const file = join(folder, path);
  const stats = await lstat(file);
  if (stats.isDirectory()) return { kind: 'folder', path };
  if (stats.isSymbolicLink()) {
    const target = await readlink(file);
    if (escapes(path, target)) throw refused(path, `is a link out of the service's folder, to '${target}'`);
    return { kind: 'link', path, target };
  }
  if (!stats.isFile()) throw refused(path, 'is neither a file nor a folder nor a link');
  const isExecutable = (stats.mode & constants.S_IXUSR) !== 0;
  return { kind: 'file', path, contents: await readFile(file), isExecutable };
}

function escapes(path: string, target: string): boolean {
  const resolved = normalize(join(dirname(path), target));
  return target.startsWith('/') || resolved === '..' || resolved.startsWith('../');
}

function refused(path: string, wrong: string): DeliveryError {
  return new DeliveryError('archive-failed', {
    tried: `packing '${path}' of the service`,
    wrong: `it ${wrong}`,
    todo: 'take it out of the service or of what its build writes',
  });
}
