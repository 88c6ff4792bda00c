/** Remembers which source gave which release, on this machine, so that a second build of it is instant. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ReleaseManifest, parseReleaseManifest, serializeReleaseManifest } from '../contract/release-manifest.ts';
import type { ReleaseFile } from './build.ts';
import { digestFile } from './file-digest.ts';

export interface BuildCache {
  /** Undefined: not built yet, or its app blob is gone or damaged. */
  find(key: string, signal: AbortSignal): Promise<{ manifest: ReleaseManifest; app: ReleaseFile } | undefined>;
  /** Takes the app blob over: the file is moved. */
  keep(key: string, manifest: ReleaseManifest, appFile: string): Promise<ReleaseFile>;
  /** Where a blob may be written before it is kept: the same disk. */
  scratchFile(): Promise<string>;
}

export function buildCache(directory: string): BuildCache {
  const recordPath = (key: string): string => join(directory, 'builds', `${key}.json`);
  const appPath = (sha256: string): string => join(directory, 'apps', `${sha256}.tgz`);
  return {
    async find(key, signal) {
      const manifest = await readManifest(recordPath(key));
      if (!manifest) return undefined;
      const path = appPath(manifest.app.sha256);
      const found = await digestFile(path, signal).catch(() => undefined);
      signal.throwIfAborted();
      return found?.sha256 === manifest.app.sha256 ? { manifest, app: { ...manifest.app, path } } : undefined;
    },
    async keep(key, manifest, appFile) {
      const path = appPath(manifest.app.sha256);
      await rename(appFile, path);
      await writeWhole(recordPath(key), serializeReleaseManifest(manifest).bytes);
      return { ...manifest.app, path };
    },
    async scratchFile() {
      await mkdir(join(directory, 'apps'), { recursive: true });
      return join(directory, 'apps', `${randomUUID()}.tmp`);
    },
  };
}

/** A record that cannot be read is none: it is built again. */
async function readManifest(path: string): Promise<ReleaseManifest | undefined> {
  try {
    return parseReleaseManifest(await readFile(path, 'utf8'), path);
  } catch {
    return undefined;
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}
