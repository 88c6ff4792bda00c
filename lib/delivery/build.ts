/** Builds a release from a commit: the same source gives the same digest, whatever the folder, umask or time zone. */
import type { ReleaseManifest } from '../contract/release-manifest.ts';
import type { Platform, RuntimePins } from '../contract/runtime-pins.ts';
import type { Call, Variables } from './progress.ts';

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

/** Throws `DeliveryError`. */
export async function build(options: BuildOptions): Promise<Build> {
  options.signal.throwIfAborted();
  throw new Error('not built yet');
}
