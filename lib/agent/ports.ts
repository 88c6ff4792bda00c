/** What the agent asks of the world. Each port has a fake, one or more real adapters, and one suite of tests that all of them pass. */
import type { DesiredState } from '../contract/desired-state.ts';
import type { HostStatus, RejectionReason, Slot } from '../contract/host-status.ts';
import type { MetricName } from '../contract/metric-names.ts';
import type { Health, ReleaseManifest } from '../contract/release-manifest.ts';

/** Something outside could not be had now; another try may succeed. `throttled` asks for a longer pause. */
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly cause: 'denied' | 'throttled' | 'timeout' | 'network' | 'server' | 'missing-bucket';
  readonly detail: string;
}

/** What was fetched is not what was named; another try of the same will not help. */
export interface Refused {
  readonly kind: 'refused';
  readonly reason: RejectionReason;
  readonly detail: string;
}

export type DesiredStateRead =
  | { readonly kind: 'changed'; readonly state: DesiredState }
  | { readonly kind: 'unchanged' }
  /** Nothing was ever deployed here. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'invalid'; readonly detail: string }
  | Unavailable;

export interface DesiredStateSource {
  /** One conditional read; remembers the entity tag of the last `changed`. Never throws for what the network does. */
  read(signal: AbortSignal): Promise<DesiredStateRead>;
}

export type Fetched<T> =
  { readonly kind: 'fetched'; readonly value: T; readonly bytes: number } | Refused | Unavailable;

export interface ReleaseSource {
  /** Manifest by digest; the digest is checked before it is parsed. */
  manifest(digest: string, signal: AbortSignal): Promise<Fetched<ReleaseManifest>>;
  /** A blob as a stream of at most `size` bytes; the receiver checks size and digest while it streams. */
  blob(sha256: string, signal: AbortSignal): Promise<Fetched<NodeJS.ReadableStream>>;
}

export interface ParameterSource {
  /** The value of one version of an SSM parameter, decrypted. */
  read(name: string, version: number, signal: AbortSignal): Promise<Fetched<string>>;
}

export interface StatusBoard {
  write(status: HostStatus, signal: AbortSignal): Promise<void>;
  /** All hosts that reported; what cannot be parsed is left out. `ageMs` by the store's clock. */
  list(signal: AbortSignal): Promise<readonly { readonly status: HostStatus; readonly ageMs: number }[]>;
}

export interface MetricValue {
  readonly name: MetricName;
  /** In the unit that the name says; where it says none, it counts. */
  readonly value: number;
}

export interface Metrics {
  /** Adds these values to the metrics of this service and environment. Throws `AdapterError`. */
  put(values: readonly MetricValue[], signal: AbortSignal): Promise<void>;
}

/** Everything that a slot needs to run one revision. */
export interface Launch {
  readonly revision: string;
  readonly release: string;
  readonly manifest: ReleaseManifest;
  /** Unpacked app blob. */
  readonly appDirectory: string;
  /** The Node.js binary of the unpacked runtime blob. */
  readonly nodeBinary: string;
  /** Config and secrets; the adapter adds PORT, HOST, SLIPWAY_SLOT. Never logged. */
  readonly environment: Readonly<Record<string, string>>;
}

export type SlotObservation =
  | { readonly kind: 'empty' }
  | { readonly kind: 'running'; readonly revision: string; readonly pid: number }
  | { readonly kind: 'exited'; readonly revision: string; readonly detail: string };

export interface Supervisor {
  /** Starts the slot; whatever ran in it is stopped first. The process outlives the agent. */
  start(slot: Slot, launch: Launch): Promise<{ readonly kind: 'started' } | Refused>;
  /** SIGTERM, then SIGKILL after `timeoutMs`; resolves when it is gone. An empty slot is no error. */
  stop(slot: Slot, timeoutMs: number): Promise<void>;
  inspect(slot: Slot): Promise<SlotObservation>;
  /** The last lines that the slot wrote, at most `maxBytes`. */
  logTail(slot: Slot, maxBytes: number): Promise<string>;
}

/** `active` gets all new requests; `backup` gets what `active` cannot be reached for. */
export interface Route {
  readonly active: Slot | null;
  readonly backup: Slot | null;
  /** Path that the proxy asks the active slot for; null where there is none. */
  readonly healthPath: string | null;
}

export interface Proxy {
  /** Applies the route to the running proxy without losing a request, then persists it, so that a restart comes back the same. Starts the proxy if needed. */
  route(route: Route, signal: AbortSignal): Promise<{ readonly switchMs: number }>;
  /** What the running proxy does; `running: false` where it cannot be reached. */
  inspect(
    signal: AbortSignal,
  ): Promise<{ readonly running: boolean; readonly active: Slot | null; readonly backup: Slot | null }>;
  /** Requests in flight, event streams and upgraded connections that the slot has now; 0 where the proxy does not run. */
  connections(slot: Slot, signal: AbortSignal): Promise<number>;
}

export interface HealthProbe {
  /** One request to the slot itself, not through the proxy. */
  check(
    slot: Slot,
    health: Health,
    signal: AbortSignal,
  ): Promise<{ readonly healthy: boolean; readonly detail: string }>;
}

/** Blobs unpacked on this host, by digest. */
export interface BlobDirectory {
  has(sha256: string): Promise<boolean>;
  /** Verifies while it unpacks into a temporary folder, then renames. `only` limits what is unpacked: the paths that are kept. */
  unpack(
    blob: UnpackRequest,
    stream: NodeJS.ReadableStream,
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'unpacked' } | Refused | Unavailable>;
  /** Where the blob is unpacked. */
  path(sha256: string): string;
  /** Removes all blobs but these, and what an interrupted unpacking left. */
  keepOnly(sha256s: readonly string[]): Promise<void>;
}

export interface UnpackRequest {
  readonly sha256: string;
  readonly size: number;
  readonly only: readonly string[] | null;
}

/** A small file that is replaced as a whole: temp, fsync, rename, fsync of the folder. */
export interface DurableFile {
  /** Null: there is none. */
  read(): Promise<string | null>;
  write(text: string): Promise<void>;
  /** Moves what cannot be read aside, so that a person can look at it. */
  setAside(): Promise<void>;
}

export interface Clock {
  /** Milliseconds that never jump; only differences mean something. */
  monotonicMs(): number;
  /** For people and reports; decides nothing. */
  now(): Date;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Log {
  /** One JSON line: a constant message, data in fields, no secret. */
  write(level: 'info' | 'warn' | 'error', message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Who started the agent, and starts it again when it hangs. Neither call waits, or throws. */
export interface ServiceManager {
  /** Once: the agent is up. */
  ready(): void;
  /** At each turn of the reconcile loop, and only there. `status`: what it does, in one line for people. */
  alive(status: string): void;
}
