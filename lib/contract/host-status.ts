/** What one host says of itself. Reporting never changes state. */
import * as v from 'valibot';
import { canonicalJson } from './canonical-json.ts';
import { parseDocument } from './document.ts';
import { environmentLabel, serviceName, sha256Digest, text, utcTime, whole } from './fields.ts';

export const slots = ['blue', 'green'] as const;
export type Slot = (typeof slots)[number];

/** The steps of a deployment, in their order; `idle` is none. */
export const phases = ['idle', 'staging', 'starting', 'checking', 'switching', 'soaking', 'rolling-back'] as const;
export type Phase = (typeof phases)[number];

/** Why a host refused a revision. */
export const rejectionReasons = [
  'release-not-found',
  'blob-not-found',
  'digest-mismatch',
  'archive-refused',
  'wrong-platform',
  'wrong-service',
  'config-unreadable',
  'start-failed',
  'exited',
  'unhealthy',
  'desired-state-unreadable',
] as const;
export type RejectionReason = (typeof rejectionReasons)[number];

const hostId = v.pipe(
  v.string('must be a string'),
  v.regex(/^[\w:.-]{1,128}$/, 'must be 1 to 128 of letters, digits and _:.-'),
);

const revision = { revision: sha256Digest, release: sha256Digest };

const rejection = v.strictObject({
  ...revision,
  generation: whole(1, Number.MAX_SAFE_INTEGER),
  reason: v.picklist(rejectionReasons, 'must be a known reason'),
  /** For people: what was seen, with the last lines of the log. */
  detail: v.pipe(v.string('must be a string'), v.maxLength(4_000, 'must be at most 4000 characters')),
  at: utcTime,
});

export const hostStatusSchema = v.strictObject({
  schema: v.literal(1, 'must be 1'),
  environment: environmentLabel,
  service: serviceName,
  host: hostId,
  /** The newest generation that the host has accepted; 0: none yet. */
  generation: whole(0, Number.MAX_SAFE_INTEGER),
  /** Of that generation. `progressing` is not an outcome yet. */
  outcome: v.picklist(['progressing', 'converged', 'rejected', 'held'], 'must be a known outcome'),
  /** Why it is held or what it does, for people. */
  detail: v.pipe(v.string('must be a string'), v.maxLength(4_000, 'must be at most 4000 characters')),
  phase: v.picklist(phases, 'must be a known phase'),
  /** What answers requests now. */
  serving: v.nullable(
    v.strictObject({ ...revision, slot: v.picklist(slots, 'must be blue or green'), since: utcTime }),
  ),
  confirmed: v.nullable(v.strictObject({ ...revision, at: utcTime })),
  /** The newest last. */
  rejected: v.pipe(v.array(rejection, 'must be a list'), v.maxLength(20, 'must be at most 20 rejections')),
  /** Of the newest deployment; null where it did not get so far. */
  timings: v.strictObject({
    stagedMs: v.nullable(whole(0, 2 ** 31)),
    startedMs: v.nullable(whole(0, 2 ** 31)),
    switchMs: v.nullable(v.pipe(v.number('must be a number'), v.minValue(0, 'must not be negative'))),
    /** Bytes read from the store for it. */
    bytesFetched: whole(0, Number.MAX_SAFE_INTEGER),
  }),
  /** Repairs since the agent started, the newest last: `app restarted: exited with SIGKILL`. */
  healed: v.pipe(
    v.array(v.strictObject({ what: text(200), at: utcTime }), 'must be a list'),
    v.maxLength(20, 'must be at most 20 repairs'),
  ),
  agent: v.strictObject({ version: text(64), startedAt: utcTime }),
  reportedAt: utcTime,
});

export type HostStatus = v.InferOutput<typeof hostStatusSchema>;
export type Rejection = HostStatus['rejected'][number];
/** As a reader of all hosts sees it. `unreachable`: silent; `stale`: speaks of an older generation. */
export type HostOutcome = HostStatus['outcome'] | 'unreachable' | 'stale';

/** A host reports at each change, and at least this often. */
export const statusIntervalSeconds = 60;
/** A status older than this: the host is unreachable. Three reports may be lost. */
export const unreachableAfterSeconds = 200;

/** Throws `ContractError`. */
export function parseHostStatus(bytes: string, name = 'host status'): HostStatus {
  return parseDocument(hostStatusSchema, bytes, { name, maxBytes: 128 * 1024 });
}

export function serializeHostStatus(status: HostStatus): string {
  return canonicalJson(status);
}
