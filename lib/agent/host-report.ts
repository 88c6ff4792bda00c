/** What this host says of itself, from its state and what was just seen. Pure. */
import type { Pins } from '../contract/desired-state.ts';
import type { HostStatus } from '../contract/host-status.ts';
import type { Actual } from './actual.ts';
import type { AgentProps } from './agent-props.ts';
import type { AgentState } from './agent-state.ts';
import type { Goal } from './goal.ts';
import type { Memory } from './memory.ts';
import { revisionOf } from './revision.ts';

interface Report {
  readonly props: AgentProps;
  readonly state: AgentState;
  readonly memory: Memory;
  readonly actual: Actual;
  readonly goal: Goal;
  /** Why the desired state cannot be used; null: it can. */
  readonly sourceTrouble: string | null;
  readonly pinsOf: (revision: string) => Pins | null;
  readonly now: string;
}

export function reportOf(report: Report): HostStatus {
  const { props, state, memory, goal, now } = report;
  return {
    schema: 1,
    environment: props.environment,
    service: props.service,
    host: props.host,
    generation: state.desired?.generation ?? 0,
    outcome: goal.outcome,
    detail: detailOf(report).slice(0, 4_000),
    phase: memory.phase,
    serving: servingOf(report),
    confirmed: state.confirmed && { ...names(state.confirmed.pins), at: state.confirmed.at },
    rejected: state.rejected,
    timings: state.timings,
    healed: memory.healed,
    agent: { version: props.version, startedAt: memory.startedAt },
    reportedAt: now,
  };
}

function detailOf({ goal, state, memory, sourceTrouble, props }: Report): string {
  const aimed = props.pinned ?? state.desired;
  const revision = aimed && revisionOf(aimed);
  const rejection = state.rejected.find((one) => one.revision === revision);
  const freeze = state.desired?.freeze;
  const said =
    goal.outcome === 'rejected' && rejection !== undefined
      ? `${rejection.reason}: ${rejection.detail}`
      : goal.detail === 'frozen' && freeze
        ? `frozen until ${freeze.until}: ${freeze.reason}`
        : goal.detail;
  return [said, memory.trouble, sourceTrouble].filter((one) => one !== null).join('; ');
}

/** Where the active slot is dead, the backup answers. */
function servingOf({ actual, state, pinsOf, now }: Report): HostStatus['serving'] {
  const { active, backup } = actual.proxy;
  for (const slot of [active, backup]) {
    const seen = slot === null ? null : actual.slots[slot];
    const pins = seen?.kind === 'running' ? pinsOf(seen.revision) : null;
    if (slot !== null && pins !== null) return { ...names(pins), slot, since: state.servingSince ?? now };
  }
  return null;
}

function names(pins: Pins) {
  return { revision: revisionOf(pins), release: pins.release };
}
