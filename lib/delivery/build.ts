/** Builds a release from a commit: the same source gives the same digest, whatever the folder, umask or time zone. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../contract/canonical-json.ts';
import { type ReleaseManifest, serializeReleaseManifest } from '../contract/release-manifest.ts';
import type { Platform, RuntimePins } from '../contract/runtime-pins.ts';
import { packApp } from './app-blob.ts';
import { type BuildCache, buildCache } from './build-cache.ts';
import { buildVariables } from './build-variables.ts';
import { requireCommitted } from './checkout.ts';
import { exportTree, type GitOptions, resolveCommit, treeAt } from './git.ts';
import type { Call, Variables } from './progress.ts';
import { runtimeBlob } from './runtime-blob.ts';
import { prepareService } from './service-folder.ts';
import { systemCode } from './system-code.ts';

export interface BuildOptions extends Call {
  /** Root of the Git repository. */
  readonly repository: string;
  /** Null: HEAD, and the service's folder must be clean. */
  readonly commit: string | null;
  /** Relative to the repository: `service`. */
  readonly serviceDirectory: string;
  /** Name of the service. */
  readonly service: string;
  readonly runtimePins: RuntimePins;
  readonly platform: Platform;
  readonly cacheDirectory: string;
  /** Best outside of any folder that has a `node_modules`: a build would find packages there that it does not declare. */
  readonly tempDirectory: string;
  /** Of the child processes (npm, git); credentials are taken out. */
  readonly variables: Variables;
}

export interface ReleaseFile {
  readonly sha256: string;
  readonly size: number;
  readonly path: string;
}

/** A release on this machine, ready to be published. */
export interface Release {
  readonly digest: string;
  readonly manifest: ReleaseManifest;
  readonly manifestBytes: string;
  readonly files: { readonly app: ReleaseFile; readonly runtime: ReleaseFile };
}

export interface Build extends Release {
  /** Full name of the commit that was built, and of its root tree. */
  readonly commit: string;
  readonly tree: string;
  /** Nothing was built: this tree had been built before. */
  readonly cached: boolean;
  readonly seconds: number;
}

const commitFirst = 'commit or remove them, or name the commit to build: a release is what a commit says';

/** Raised when the same source would give other bytes than before: what was built by an older one is built again. */
const builderVersion = 1;

/** Throws `DeliveryError`. */
export async function build(options: BuildOptions): Promise<Build> {
  const startedAt = performance.now();
  const git = { repository: options.repository, variables: options.variables, signal: options.signal };
  if (options.commit === null) await requireCommitted(options.serviceDirectory, commitFirst, git);
  const commit = await resolveCommit(options.commit ?? 'HEAD', git);
  const [tree, serviceTree] = await Promise.all([
    treeAt(commit, '', git),
    treeAt(commit, options.serviceDirectory, git),
  ]);
  const runtime = await runtimeBlob({
    ...options,
    pins: options.runtimePins,
    variables: buildVariables(options.variables),
  });
  const cache = buildCache(options.cacheDirectory);
  const key = cacheKey(serviceTree, options);
  const found = await cache.find(key, options.signal);
  const { manifest, app } = found ?? (await buildNew({ key, serviceTree, cache, git }, options));
  const { bytes, digest } = serializeReleaseManifest(manifest);
  const seconds = (performance.now() - startedAt) / 1_000;
  const isCached = found !== undefined;
  options.progress({
    step: 'build',
    message: `release ${digest.slice(0, 12)} of commit ${commit.slice(0, 12)}${isCached ? ', built before' : ''}`,
    fields: { release: digest, commit, cached: isCached, seconds, appBytes: app.size, runtimeBytes: runtime.size },
  });
  return {
    digest,
    manifest,
    manifestBytes: bytes,
    files: { app, runtime },
    commit,
    tree,
    cached: isCached,
    seconds,
  };
}

function cacheKey(serviceTree: string, { runtimePins, platform, service }: BuildOptions): string {
  const runtime = runtimePins.platforms[platform].sha256;
  return digestOf({ builderVersion, serviceTree, service, platform, runtime });
}

interface NewBuild {
  readonly key: string;
  readonly serviceTree: string;
  readonly cache: BuildCache;
  readonly git: GitOptions;
}

async function buildNew({ key, serviceTree, cache, git }: NewBuild, options: BuildOptions) {
  const { serviceDirectory, service, runtimePins, platform, signal, progress } = options;
  const workspace = await makeWorkspace(options.tempDirectory, key);
  const folder = join(workspace, 'service');
  const appFile = await cache.scratchFile();
  try {
    await mkdir(folder);
    await exportTree(serviceTree, folder, git);
    const prepared = await prepareService({
      folder,
      name: serviceDirectory,
      platform,
      variables: buildVariables(options.variables),
      signal,
      progress,
    });
    progress({ step: 'build', message: 'packing the app' });
    const packed = await packApp({ folder, path: appFile, signal });
    const { sha256, size } = runtimePins.platforms[platform];
    const { declared, lock } = prepared;
    const manifest: ReleaseManifest = {
      schema: 1,
      service,
      source: { tree: serviceTree, lock },
      runtime: {
        version: runtimePins.version,
        os: 'linux',
        cpu: platform === 'linux-x64' ? 'x64' : 'arm64',
        sha256,
        size,
      },
      app: packed,
      start: declared.start,
      health: declared.health,
      stop: declared.stop,
    };
    return { manifest, app: await cache.keep(key, manifest, appFile) };
  } finally {
    await Promise.all([rm(workspace, { recursive: true, force: true }), rm(appFile, { force: true })]);
  }
}

/** The same name for the same source wherever possible: build tools like to write their folder into what they make. */
async function makeWorkspace(tempDirectory: string, key: string): Promise<string> {
  await mkdir(tempDirectory, { recursive: true });
  const path = join(tempDirectory, `slipway-build-${key.slice(0, 12)}`);
  try {
    await mkdir(path, { mode: 0o700 });
    return path;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return mkdtemp(`${path}-`);
    throw error;
  }
}
