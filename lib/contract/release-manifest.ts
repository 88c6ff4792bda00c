/** A release: an immutable set of bytes that can run. Its identity is the digest of its manifest. */
import * as v from 'valibot';
import { canonicalJson, sha256 } from './canonical-json.ts';
import { type DocumentSource, parseDocument } from './document.ts';
import { gitObject, httpPath, serviceName, sha256Digest, text, whole } from './fields.ts';

/** 2 GiB: far above any Node.js service, far below a host's disk. */
const maxBlobBytes = 2 ** 31;
const minute = 60_000;

const blob = { sha256: sha256Digest, size: whole(1, maxBlobBytes) };

const healthSchema = v.strictObject({
  /** Answers 2xx when, and only when, the service can take traffic. */
  path: httpPath,
  /** Pause between two checks. */
  intervalMs: whole(50, minute),
  /** One check that takes longer has failed. */
  timeoutMs: whole(50, minute),
  /** Checks in a row that must pass. */
  passes: whole(1, 100),
  /** From the start of the process to the last of those passes. */
  deadlineMs: whole(1_000, 30 * minute),
});

export const releaseManifestSchema = v.strictObject({
  schema: v.literal(1, 'must be 1'),
  service: serviceName,
  source: v.strictObject({ tree: gitObject, lock: sha256Digest }),
  runtime: v.strictObject({
    version: v.pipe(v.string('must be a string'), v.regex(/^\d+\.\d+\.\d+$/, 'must be a version like 26.10.0')),
    os: v.picklist(['linux', 'darwin'], 'must be linux or darwin'),
    cpu: v.picklist(['x64', 'arm64'], 'must be x64 or arm64'),
    ...blob,
  }),
  app: v.strictObject(blob),
  /** Arguments of the process; `node` as the first stands for the runtime blob's binary. */
  start: v.pipe(
    v.array(text(1024), 'must be a list of arguments'),
    v.minLength(2, 'must be node and a file'),
    v.maxLength(32, 'must be at most 32 arguments'),
    v.check(([program]) => program === 'node', 'must start with node: the release carries no other program'),
  ),
  health: healthSchema,
  /** From SIGTERM to SIGKILL. */
  stop: v.strictObject({ timeoutMs: whole(0, 10 * minute) }),
});

export type ReleaseManifest = v.InferOutput<typeof releaseManifestSchema>;
export type Health = ReleaseManifest['health'];
export type Runtime = ReleaseManifest['runtime'];

/** Where the Node.js binary is inside a runtime blob, which is the registry's tarball, byte for byte. */
export const runtimeExecutable = 'package/bin/node';

export const releaseManifestSource = { maxBytes: 64 * 1024 };

/** Throws `ContractError`. */
export function parseReleaseManifest(bytes: string, name = 'release manifest'): ReleaseManifest {
  const source: DocumentSource = { name, ...releaseManifestSource };
  return parseDocument(releaseManifestSchema, bytes, source);
}

export function serializeReleaseManifest(manifest: ReleaseManifest): {
  readonly bytes: string;
  readonly digest: string;
} {
  const bytes = canonicalJson(manifest);
  return { bytes, digest: sha256(bytes) };
}
