/** The desired state of an environment: one small document that its hosts poll. Only deploy writes it, by compare-and-swap. */
import * as v from 'valibot';
import { canonicalJson, digestOf } from './canonical-json.ts';
import { parseDocument } from './document.ts';
import {
  environmentLabel,
  gitObject,
  serviceName,
  sha256Digest,
  text,
  utcTime,
  variableName,
  whole,
} from './fields.ts';

const parameterName = v.pipe(
  v.string('must be a string'),
  v.regex(/^(?:\/[\w.-]+){1,15}$/, 'must be an SSM parameter name that starts with /'),
);

const secretPin = v.strictObject({ name: variableName, parameter: parameterName, version: whole(1, 2 ** 31) });

/** All that decides what a host runs. The digest of it is the *revision*: what a host serves, confirms or rejects. */
const pins = {
  release: sha256Digest,
  config: v.strictObject({
    parameter: parameterName,
    /** Version of the SSM parameter. */
    version: whole(1, 2 ** 31),
    /** Over the parameter's value as stored: a version alone does not say what it holds. */
    sha256: sha256Digest,
  }),
  secrets: v.pipe(v.array(secretPin, 'must be a list'), v.maxLength(100, 'must be at most 100 secrets')),
};

export const pinsSchema = v.strictObject(pins);

export const freezeSchema = v.strictObject({ reason: text(500), until: utcTime });

export const rolloutSchema = v.strictObject({
  /** Hosts that go first; the others wait until these have confirmed. 0: nobody waits for a canary. */
  canaries: whole(0, 1_000),
  /** Percentages of the hosts, growing, the last 100: one wave goes when the one before has confirmed. */
  waves: v.pipe(
    v.array(whole(1, 100), 'must be a list of percentages'),
    v.minLength(1, 'must name at least one wave'),
    v.maxLength(10, 'must be at most 10 waves'),
    v.check(
      (waves) => waves.every((wave, i) => wave > Math.max(0, ...waves.slice(0, i))),
      'must grow from wave to wave',
    ),
    v.check((waves) => waves.at(-1) === 100, 'must end with 100'),
  ),
  /** The new release must stay healthy that long before it is confirmed; the old one stays hot meanwhile. */
  soakSeconds: whole(0, 86_400),
  /** Rejections anywhere after which no further host tries. */
  haltAfter: whole(1, 1_000),
  /** Mean pause between two reads of the desired state. */
  pollSeconds: whole(1, 300),
});

export const desiredStateSchema = v.strictObject({
  schema: v.literal(1, 'must be 1'),
  environment: environmentLabel,
  service: serviceName,
  /** Only grows; a host refuses a lower one than it has seen. */
  generation: whole(1, Number.MAX_SAFE_INTEGER),
  commit: gitObject,
  tree: gitObject,
  ...pins,
  rollout: rolloutSchema,
  /** What was confirmed in this environment when this generation was written: starts on a new host that cannot bring up `release`. */
  fallback: v.nullable(pinsSchema),
  /** No new release is applied until then; healing, rollback to confirmed and scale-out go on. */
  freeze: v.nullable(freezeSchema),
  /** Try again what was rejected. */
  retry: v.boolean('must be true or false'),
});

export type DesiredState = v.InferOutput<typeof desiredStateSchema>;
export type Pins = v.InferOutput<typeof pinsSchema>;
export type Rollout = v.InferOutput<typeof rolloutSchema>;
export type Freeze = v.InferOutput<typeof freezeSchema>;

/** Throws `ContractError`. */
export function parseDesiredState(bytes: string, name = 'desired state'): DesiredState {
  return parseDocument(desiredStateSchema, bytes, { name, maxBytes: 64 * 1024 });
}

export function serializeDesiredState(state: DesiredState): string {
  return canonicalJson(state);
}

export function pinsOf({ release, config, secrets }: Pins): Pins {
  return { release, config, secrets };
}

/** The identity of what a host runs: release, config and secrets together. */
export function revisionOf(pins: Pins): string {
  return digestOf({ release: pins.release, config: pins.config.sha256, secrets: pins.secrets });
}
