/** A small file that is replaced as a whole and survives a power cut: temp, fsync, rename, fsync of the folder. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DurableFile } from '../ports.ts';
import { AdapterError } from './adapter-error.ts';
import { errorCode, errorMessage } from './error-facts.ts';

/** `mode` of the file: readable by its owner only, unless told otherwise. */
export function createDurableFile(path: string, mode = 0o600): DurableFile {
  return {
    read: () => failing('read', path, () => readOrNull(path)),
    write: (text) => failing('write', path, () => replace(path, text, mode)),
    setAside: () => failing('set aside', path, () => moveAside(path)),
  };
}

export async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Makes a rename or a new name in `directory` survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function replace(path: string, text: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const temporary = `${path}.tmp-${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** One file is kept aside, the newest: a crash loop must not fill the disk. */
async function moveAside(path: string): Promise<void> {
  try {
    await rename(path, `${path}.unreadable`);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    return;
  }
  await syncDirectory(dirname(path));
}

async function failing<T>(verb: string, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw new AdapterError('file-failed', `${verb} ${path}: ${errorMessage(cause)}`, { cause });
  }
}
