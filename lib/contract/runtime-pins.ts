/** Which Node.js the service and the agent run on: the registry's tarballs, pinned by digest. */
import * as v from 'valibot';
import { parseDocument } from './document.ts';
import { sha256Digest, text, whole } from './fields.ts';

export const platforms = ['linux-x64', 'linux-arm64'] as const;
/** Operating system and processor of a host, as npm names them. */
export type Platform = (typeof platforms)[number];

const runtimePin = v.strictObject({
  /** As the registry has it: `sha512-...`. */
  integrity: v.pipe(text(200), v.startsWith('sha512-', 'must be a sha512 integrity')),
  sha256: sha256Digest,
  size: whole(1, 2 ** 31),
});

export const runtimePinsSchema = v.strictObject({
  version: v.pipe(v.string('must be a string'), v.regex(/^\d+\.\d+\.\d+$/, 'must be a version like 26.10.0')),
  platforms: v.strictObject({ 'linux-x64': runtimePin, 'linux-arm64': runtimePin }),
});

export type RuntimePins = v.InferOutput<typeof runtimePinsSchema>;

/** Throws `ContractError`. */
export function parseRuntimePins(bytes: string, name = 'environments/runtime.json'): RuntimePins {
  return parseDocument(runtimePinsSchema, bytes, { name, maxBytes: 16 * 1024 });
}
