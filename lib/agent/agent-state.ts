/** What the agent remembers through restarts: the accepted desired state, what was confirmed and rejected, and the deployment under way. */
import * as v from 'valibot';
import { canonicalJson } from '../contract/canonical-json.ts';
import { type Pins, desiredStateSchema, pinsOf, pinsSchema } from '../contract/desired-state.ts';
import type { DesiredState } from '../contract/desired-state.ts';
import { parseDocument } from '../contract/document.ts';
import { utcTime, whole } from '../contract/fields.ts';
import { type Rejection, type Slot, hostStatusSchema, phases, slots } from '../contract/host-status.ts';
import { revisionOf } from './revision.ts';

const slot = v.picklist(slots, 'must be blue or green');
const maxRejections = 20;

const served = v.strictObject({ pins: pinsSchema, at: utcTime });

const attempt = v.strictObject({
  pins: pinsSchema,
  generation: whole(1, Number.MAX_SAFE_INTEGER),
  /** Written before the slot is started; null until then. */
  slot: v.nullable(slot),
  phase: v.picklist(phases, 'must be a known phase'),
  /** Whether the desired state could be read when the switch was made; null before it. */
  readableBefore: v.nullable(v.boolean('must be true or false')),
});

export const agentStateSchema = v.strictObject({
  schema: v.literal(1, 'must be 1'),
  desired: v.nullable(desiredStateSchema),
  confirmed: v.nullable(served),
  /** What was confirmed before `confirmed`: its blobs stay, so that going back fetches nothing. */
  previous: v.nullable(served),
  attempt: v.nullable(attempt),
  /** The last route that the proxy was told. */
  route: v.strictObject({ active: v.nullable(slot), backup: v.nullable(slot) }),
  servingSince: v.nullable(utcTime),
  rejected: hostStatusSchema.entries.rejected,
  timings: hostStatusSchema.entries.timings,
});

export type AgentState = v.InferOutput<typeof agentStateSchema>;
export type Attempt = v.InferOutput<typeof attempt>;
export type Timings = AgentState['timings'];

const noTimings: Timings = { stagedMs: null, startedMs: null, switchMs: null, bytesFetched: 0 };

export const emptyAgentState: AgentState = {
  schema: 1,
  desired: null,
  confirmed: null,
  previous: null,
  attempt: null,
  route: { active: null, backup: null },
  servingSince: null,
  rejected: [],
  timings: noTimings,
};

/** Throws `ContractError`. */
export function parseAgentState(text: string): AgentState {
  return parseDocument(agentStateSchema, text, { name: 'agent state', maxBytes: 1024 * 1024 });
}

export function serializeAgentState(state: AgentState): string {
  return canonicalJson(state);
}

/** A newer generation counts from now on; with `retry` its revision may be tried again. */
export function accept(state: AgentState, desired: DesiredState): AgentState {
  const revision = revisionOf(desired);
  const rejected = desired.retry ? state.rejected.filter((one) => one.revision !== revision) : state.rejected;
  return { ...state, desired, rejected };
}

export function begin(state: AgentState, pins: Pins, slot: Slot | null): AgentState {
  const generation = state.desired?.generation ?? 1;
  const attempt: Attempt = { pins: pinsOf(pins), generation, slot, phase: 'staging', readableBefore: null };
  return { ...state, attempt, timings: noTimings };
}

export function changeAttempt(state: AgentState, change: Partial<Omit<Attempt, 'pins' | 'generation'>>): AgentState {
  return state.attempt === null ? state : { ...state, attempt: { ...state.attempt, ...change } };
}

export function abandon(state: AgentState): AgentState {
  return { ...state, attempt: null };
}

export function routed(state: AgentState, route: AgentState['route'], at: string): AgentState {
  const isOther = route.active !== state.route.active;
  return { ...state, route, servingSince: isOther ? at : state.servingSince };
}

/** The attempt served through its soak. What was confirmed before becomes the way back. */
export function confirm(state: AgentState, at: string): AgentState {
  if (state.attempt === null) return state;
  return {
    ...state,
    confirmed: { pins: state.attempt.pins, at },
    previous: state.confirmed ?? state.previous,
    attempt: null,
  };
}

/** Remembers the revision, so that it is not tried again; the oldest rejections are forgotten first. */
export function reject(state: AgentState, rejection: Rejection): AgentState {
  const others = state.rejected.filter(({ revision }) => revision !== rejection.revision);
  return { ...state, attempt: null, rejected: [...others, rejection].slice(-maxRejections) };
}

/** Pins of every revision that the state speaks of. */
export function knownPins(state: AgentState): readonly Pins[] {
  const { desired, confirmed, previous, attempt } = state;
  const pins = [desired, desired?.fallback, confirmed?.pins, previous?.pins, attempt?.pins];
  return pins.flatMap((one) => (one ? [pinsOf(one)] : []));
}
