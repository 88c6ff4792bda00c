/** Looks at what the other hosts report, to know whether this host may go. */
import type { Core } from './core.ts';
import { newestDesired } from './observe.ts';
import type { Outcome } from './outcome.ts';
import { backOffMs, jitteredMs, within } from './pause.ts';
import { type FleetMember, permit } from './rollout.ts';

const listTimeoutMs = 10_000;

export async function survey(core: Core, signal: AbortSignal): Promise<Outcome> {
  const { ports, memory, random, host } = core;
  const desired = newestDesired(core);
  if (desired === null) return { kind: 'done' };
  const { generation } = desired;
  const last = memory.survey?.generation === generation ? memory.survey : null;
  const fleet = await list(core, signal);
  if (signal.aborted) return { kind: 'done' };
  const nowMs = ports.clock.monotonicMs();
  if (fleet === null) {
    const failures = (last?.failures ?? 0) + 1;
    memory.survey = {
      generation,
      permission: last?.permission ?? null,
      failures,
      nextMs: nowMs + backOffMs(failures, random),
    };
    return { kind: 'done' };
  }
  const nextMs = nowMs + jitteredMs(desired.rollout.pollSeconds * 1000, random);
  memory.survey = { generation, permission: permit(host, desired, fleet), failures: 0, nextMs };
  return { kind: 'done' };
}

async function list({ ports }: Core, signal: AbortSignal): Promise<readonly FleetMember[] | null> {
  try {
    return await within(ports.clock, { ms: listTimeoutMs, signal }, (inner) => ports.board.list(inner));
  } catch (error) {
    if (!signal.aborted) ports.log.write('warn', 'status of other hosts cannot be read', { detail: String(error) });
    return null;
  }
}
