/** Which cloud assembly the stacks of an environment were deployed from, and which revision they carry. */
import * as v from 'valibot';
import { canonicalJson } from './canonical-json.ts';
import { parseDocument } from './document.ts';
import { gitObject, sha256Digest, utcTime } from './fields.ts';

export const infrastructureRecordSchema = v.strictObject({
  schema: v.literal(1, 'must be 1'),
  /** Over the environment's part of the assembly. */
  assembly: sha256Digest,
  /** What the stacks carry into each machine (push mode); null: machines read it from the desired state (pull mode). */
  revision: v.nullable(sha256Digest),
  commit: gitObject,
  /**
   * `deploying` is written before the first stack is touched: who finds it deploys again, whatever the digest.
   * `rolled-back`: CloudFormation undid it (push mode); the machines of before serve.
   */
  state: v.picklist(['deploying', 'deployed', 'rolled-back'], 'must be deploying, deployed or rolled-back'),
  at: utcTime,
});

export type InfrastructureRecord = v.InferOutput<typeof infrastructureRecordSchema>;

/** Throws `ContractError`. */
export function parseInfrastructureRecord(bytes: string, name = 'infrastructure record'): InfrastructureRecord {
  return parseDocument(infrastructureRecordSchema, bytes, { name, maxBytes: 4 * 1024 });
}

export function serializeInfrastructureRecord(record: InfrastructureRecord): string {
  return canonicalJson(record);
}
