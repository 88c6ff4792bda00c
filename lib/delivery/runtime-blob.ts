/** The Node.js of a release: the registry's own tarball, checked against its pin, fetched once per machine. */
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Platform, RuntimePins } from '../contract/runtime-pins.ts';
import type { ReleaseFile } from './build.ts';
import { lastLines, runCommand } from './command.ts';
import { DeliveryError } from './delivery-error.ts';
import { digestFile } from './file-digest.ts';
import type { Call, Variables } from './progress.ts';

export interface RuntimeBlobOptions extends Call {
  readonly pins: RuntimePins;
  readonly platform: Platform;
  readonly cacheDirectory: string;
  readonly variables: Variables;
}

/** Throws `DeliveryError`. */
export async function runtimeBlob(options: RuntimeBlobOptions): Promise<ReleaseFile> {
  const { sha256, size } = options.pins.platforms[options.platform];
  const path = join(options.cacheDirectory, 'runtime', `${sha256}.tgz`);
  if (!(await isWhole(path, options))) await fetchRuntime(path, options);
  return { sha256, size, path };
}

/** A cache is only a disk: what lies there is checked each time. */
async function isWhole(path: string, { pins, platform, signal }: RuntimeBlobOptions): Promise<boolean> {
  const found = await digestFile(path, signal).catch(() => undefined);
  signal.throwIfAborted();
  const { sha256, size } = pins.platforms[platform];
  return found?.sha256 === sha256 && found.size === size;
}

async function fetchRuntime(path: string, options: RuntimeBlobOptions): Promise<void> {
  const { pins, platform, progress, signal } = options;
  const name = `node-${platform}@${pins.version}`;
  progress({ step: 'build', message: `fetching ${name} from the registry`, fields: { runtime: name } });
  await mkdir(dirname(path), { recursive: true });
  const folder = await mkdtemp(join(dirname(path), 'fetch-'));
  try {
    const args = ['pack', name, '--pack-destination', folder, '--ignore-scripts', '--silent'];
    const result = await runCommand('npm', args, { directory: folder, variables: options.variables, signal });
    const [file] = await readdir(folder);
    if (result.exitCode !== 0 || file === undefined) throw unavailable(name, lastLines(result, 3));
    const pin = pins.platforms[platform];
    const found = await digestFile(join(folder, file), signal);
    const isPinned = found.integrity === pin.integrity && found.sha256 === pin.sha256 && found.size === pin.size;
    if (!isPinned) throw mismatch(name, pin, found);
    await rename(join(folder, file), path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function unavailable(name: string, output: string): DeliveryError {
  return new DeliveryError('runtime-unavailable', {
    tried: `fetching ${name} with \`npm pack\``,
    wrong: output || 'npm gave no file and no message',
    todo: 'check that npm reaches its registry (`npm ping`) and that environments/runtime.json names a published version',
  });
}

function mismatch(name: string, pin: { sha256: string; size: number }, found: { sha256: string; size: number }) {
  return new DeliveryError('runtime-mismatch', {
    tried: `checking ${name} against environments/runtime.json`,
    wrong: `pinned are ${pin.size} bytes with SHA-256 ${pin.sha256}, got ${found.size} bytes with '${found.sha256}'`,
    todo: 'do not use it; if you moved the version, correct all of integrity, sha256 and size in the pin',
  });
}
