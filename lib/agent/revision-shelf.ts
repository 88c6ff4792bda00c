/** Revisions that this host can start without the network: their manifests and config values, kept in one file. Never a secret. */
import * as v from 'valibot';
import { canonicalJson, sha256 } from '../contract/canonical-json.ts';
import { type Pins, pinsSchema } from '../contract/desired-state.ts';
import { parseDocument } from '../contract/document.ts';
import { utcTime } from '../contract/fields.ts';
import {
  type ReleaseManifest,
  releaseManifestSchema,
  runtimeExecutable,
  serializeReleaseManifest,
} from '../contract/release-manifest.ts';
import type { DurableFile } from './ports.ts';
import { revisionOf } from './revision.ts';

const shelvedRevision = v.strictObject({
  pins: pinsSchema,
  manifest: releaseManifestSchema,
  /** The SSM parameter's value, as stored. */
  config: v.string('must be a string'),
  /** Null: it never served through its soak here. */
  confirmedAt: v.nullable(utcTime),
});

const shelfSchema = v.strictObject({
  schema: v.literal(1, 'must be 1'),
  revisions: v.array(shelvedRevision, 'must be a list'),
});

export type ShelvedRevision = v.InferOutput<typeof shelvedRevision>;

type Revisions = ReadonlyMap<string, ShelvedRevision>;

export class RevisionShelf {
  readonly #file: DurableFile;
  #revisions: Revisions = new Map();
  #writing: Promise<void> = Promise.resolve();

  constructor(file: DurableFile) {
    this.#file = file;
  }

  /** What cannot be read, or is not what its digests say, is left out: it is fetched again when it is needed. */
  async load(): Promise<'loaded' | 'absent' | 'unreadable'> {
    const text = await this.#file.read();
    if (text === null) return 'absent';
    const shelved = parseOrNull(text);
    if (shelved === null) {
      await this.#file.setAside();
      return 'unreadable';
    }
    this.#revisions = new Map(shelved.filter(isWhole).map((one) => [revisionOf(one.pins), one]));
    return 'loaded';
  }

  get(revision: string): ShelvedRevision | null {
    return this.#revisions.get(revision) ?? null;
  }

  get all(): readonly ShelvedRevision[] {
    return [...this.#revisions.values()];
  }

  manifestOf(release: string): ReleaseManifest | null {
    return this.all.find(({ pins }) => pins.release === release)?.manifest ?? null;
  }

  configOf({ config }: Pins): string | null {
    return this.all.find(({ pins }) => pins.config.sha256 === config.sha256)?.config ?? null;
  }

  async put(entry: ShelvedRevision): Promise<void> {
    await this.#write((revisions) => new Map([...revisions, [revisionOf(entry.pins), entry]]));
  }

  async keepOnly(revisions: readonly string[]): Promise<void> {
    await this.#write((all) => new Map([...all].filter(([revision]) => revisions.includes(revision))));
  }

  /** One write after the other: staging and the deployment both write. */
  async #write(change: (revisions: Revisions) => Revisions): Promise<void> {
    const write = this.#writeAfter(this.#writing, change);
    this.#writing = write.catch(() => undefined);
    await write;
  }

  async #writeAfter(before: Promise<void>, change: (revisions: Revisions) => Revisions): Promise<void> {
    await before;
    const next = change(this.#revisions);
    await this.#file.write(canonicalJson({ schema: 1, revisions: [...next.values()] }));
    this.#revisions = next;
  }
}

/** Blobs that a release needs, and what of each is unpacked. */
export function blobsOf({ app, runtime }: ReleaseManifest) {
  return [
    { sha256: app.sha256, size: app.size, only: null },
    { sha256: runtime.sha256, size: runtime.size, only: [runtimeExecutable] },
  ];
}

function isWhole({ pins, manifest, config }: ShelvedRevision): boolean {
  return serializeReleaseManifest(manifest).digest === pins.release && sha256(config) === pins.config.sha256;
}

function parseOrNull(text: string): readonly ShelvedRevision[] | null {
  try {
    return parseDocument(shelfSchema, text, { name: 'revisions', maxBytes: 4 * 1024 * 1024 }).revisions;
  } catch {
    // Set aside by the caller; all that stands in it can be fetched again.
    return null;
  }
}
