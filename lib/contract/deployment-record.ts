/** What became of one generation: written once, when deploy has seen how it ended. */
import * as v from 'valibot';
import { canonicalJson } from './canonical-json.ts';
import { parseDocument } from './document.ts';
import { gitObject, sha256Digest, text, utcTime, whole } from './fields.ts';

/** `confirmed`: every host converged. A rollback of the hosts is never called that. */
export const deploymentOutcomes = ['confirmed', 'rejected', 'held', 'superseded', 'timed-out'] as const;

const hosts = whole(0, 100_000);

export const deploymentRecordSchema = v.strictObject({
  schema: v.literal(1, 'must be 1'),
  generation: whole(1, Number.MAX_SAFE_INTEGER),
  commit: gitObject,
  tree: gitObject,
  release: sha256Digest,
  revision: sha256Digest,
  outcome: v.picklist(deploymentOutcomes, 'must be a known outcome'),
  /** For people: which host said what. */
  detail: v.pipe(v.string('must be a string'), v.maxLength(4_000, 'must be at most 4000 characters')),
  hosts: v.strictObject({
    converged: hosts,
    rejected: hosts,
    held: hosts,
    unreachable: hosts,
    stale: hosts,
    progressing: hosts,
  }),
  writtenAt: utcTime,
  endedAt: utcTime,
  /** Who started it: a person's or a workflow's name. */
  by: text(200),
});

export type DeploymentRecord = v.InferOutput<typeof deploymentRecordSchema>;
export type DeploymentOutcome = DeploymentRecord['outcome'];

/** Throws `ContractError`. */
export function parseDeploymentRecord(bytes: string, name = 'deployment record'): DeploymentRecord {
  return parseDocument(deploymentRecordSchema, bytes, { name, maxBytes: 64 * 1024 });
}

export function serializeDeploymentRecord(record: DeploymentRecord): string {
  return canonicalJson(record);
}
