/** Brings all that a revision needs to this host, and touches nothing that runs. */
import { sha256 } from '../contract/canonical-json.ts';
import type { Pins } from '../contract/desired-state.ts';
import { ContractError } from '../contract/document.ts';
import type { ReleaseManifest } from '../contract/release-manifest.ts';
import { backOffMs, pause, within } from './pause.ts';
import type { Fetched, Refused, Unavailable } from './ports.ts';
import { type RevisionShelf, blobsOf } from './revision-shelf.ts';
import type { SecretMemory } from './secret-memory.ts';
import { parseServiceConfig } from './service-config.ts';
import type { AgentProps } from './agent-props.ts';
import { revisionOf } from './revision.ts';

export type Staged = { readonly kind: 'staged'; readonly bytes: number } | Refused | Unavailable;

type Failure = Refused | Unavailable;

const documentTimeoutMs = 15_000;
/** For the largest blob over a slow line; one that makes no progress ends earlier, by the adapter. */
const blobTimeoutMs = 15 * 60_000;
/** A value that is not the pinned one may be on its way: parameters are not written in the same instant as the desired state. */
const configReads = 5;

export interface StageProps extends AgentProps {
  readonly shelf: RevisionShelf;
  readonly secrets: SecretMemory;
}

/** What is here already is not fetched again: a change of config alone moves no blob. */
export async function stage(props: StageProps, pins: Pins, signal: AbortSignal): Promise<Staged> {
  const manifest = await findManifest(props, pins, signal);
  if (manifest.kind !== 'fetched') return manifest;
  const misfit = findMisfit(manifest.value, props);
  if (misfit !== null) return misfit;
  const config = await findConfig(props, pins, signal);
  if (config.kind !== 'fetched') return config;
  const secrets = await readSecrets(props, pins, signal);
  if (secrets !== null) return secrets;
  const blobs = await fetchBlobs(props, manifest.value, signal);
  if (blobs.kind !== 'fetched') return blobs;
  const known = props.shelf.get(revisionOf(pins));
  if (known === null) {
    await props.shelf.put({ pins, manifest: manifest.value, config: config.value, confirmedAt: null });
  }
  return { kind: 'staged', bytes: manifest.bytes + blobs.bytes };
}

async function findManifest(
  props: StageProps,
  { release }: Pins,
  signal: AbortSignal,
): Promise<Fetched<ReleaseManifest>> {
  const value = props.shelf.manifestOf(release);
  if (value !== null) return { kind: 'fetched', value, bytes: 0 };
  return await limited(props, documentTimeoutMs, signal, (inner) => props.ports.releases.manifest(release, inner));
}

/** A release of another service or for another machine is refused before a byte of it is fetched. */
function findMisfit(manifest: ReleaseManifest, { service, platform }: StageProps): Refused | null {
  const { os, cpu } = manifest.runtime;
  if (manifest.service !== service) {
    const detail = `release is of the service '${manifest.service}', this host runs '${service}'`;
    return { kind: 'refused', reason: 'wrong-service', detail };
  }
  if (os !== platform.os || cpu !== platform.cpu) {
    const detail = `release is for ${os}-${cpu}, this host is ${platform.os}-${platform.cpu}; build it for this platform`;
    return { kind: 'refused', reason: 'wrong-platform', detail };
  }
  return null;
}

async function findConfig(props: StageProps, pins: Pins, signal: AbortSignal): Promise<Fetched<string>> {
  const value = props.shelf.configOf(pins);
  if (value !== null) return { kind: 'fetched', value, bytes: 0 };
  const { ports, random } = props;
  const { parameter, version } = pins.config;
  for (let reads = 1; !signal.aborted; reads += 1) {
    const read = await limited(props, documentTimeoutMs, signal, (inner) =>
      ports.parameters.read(parameter, version, inner),
    );
    if (read.kind !== 'fetched') return read;
    if (sha256(read.value) === pins.config.sha256) return checkConfig(read.value);
    if (reads === configReads) break;
    await pause(ports.clock, backOffMs(reads, random, { baseMs: 500, maxMs: 5_000 }), signal);
  }
  const detail = `version ${version} of ${parameter} is not the value that the desired state pins; deploy again`;
  return signal.aborted ? interrupted : { kind: 'refused', reason: 'config-unreadable', detail };
}

function checkConfig(value: string): Fetched<string> {
  try {
    parseServiceConfig(value);
    return { kind: 'fetched', value, bytes: 0 };
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    // Names the fields only: a value may have been meant as a secret.
    const detail = `config is not an object of strings: ${error.problems.map(({ field }) => field).join(', ')}`;
    return { kind: 'refused', reason: 'config-unreadable', detail };
  }
}

async function readSecrets(props: StageProps, pins: Pins, signal: AbortSignal): Promise<Failure | null> {
  for (const pin of props.secrets.missing(pins)) {
    const read = await limited(props, documentTimeoutMs, signal, (inner) =>
      props.ports.parameters.read(pin.parameter, pin.version, inner),
    );
    if (read.kind !== 'fetched') return read;
    props.secrets.keep(pin, read.value);
  }
  return null;
}

async function fetchBlobs(
  { ports, ...props }: StageProps,
  manifest: ReleaseManifest,
  signal: AbortSignal,
): Promise<Fetched<null>> {
  let bytes = 0;
  for (const blob of blobsOf(manifest)) {
    if (await ports.blobs.has(blob.sha256)) continue;
    const result = await limited<null>({ ports, ...props }, blobTimeoutMs, signal, async (inner) => {
      const fetched = await ports.releases.blob(blob.sha256, inner);
      if (fetched.kind !== 'fetched') return fetched;
      const unpacked = await ports.blobs.unpack(blob, fetched.value, inner);
      return unpacked.kind === 'unpacked' ? { kind: 'fetched', value: null, bytes: blob.size } : unpacked;
    });
    if (result.kind !== 'fetched') return result;
    bytes += result.bytes;
  }
  return { kind: 'fetched', value: null, bytes };
}

const interrupted: Unavailable = { kind: 'unavailable', cause: 'timeout', detail: 'interrupted' };

async function limited<T>(
  { ports }: AgentProps,
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Fetched<T>>,
): Promise<Fetched<T>> {
  const done = await within(ports.clock, { ms, signal }, work);
  return done ?? { ...interrupted, detail: signal.aborted ? 'interrupted' : `no answer within ${ms / 1000} s` };
}
