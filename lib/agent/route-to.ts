/** Tells the proxy where requests go, and remembers it. */
import type { Slot } from '../contract/host-status.ts';
import { routed } from './agent-state.ts';
import { type Core, noteHealed, timeNow } from './core.ts';
import type { Outcome } from './outcome.ts';
import { within } from './pause.ts';
import type { Step } from './step.ts';

/** The adapter may have to start the proxy. */
const routeTimeoutMs = 15_000;

type RoutingStep = Extract<Step, { readonly active: Slot | null }>;

export async function routeTo(core: Core, step: RoutingStep, stop: AbortSignal): Promise<Outcome> {
  const { state, ports } = core;
  const { active, backup } = step;
  if (step.kind === 'heal-proxy' && active !== null) noteHealed(core, 'proxy was not running');
  const healthPath = await healthPathOf(core, active);
  const answer = await within(ports.clock, { ms: routeTimeoutMs, signal: stop }, (inner) =>
    ports.proxy.route({ active, backup, healthPath }, inner),
  );
  if (answer === null) throw new Error(`proxy took no route within ${routeTimeoutMs / 1000} s`);
  await state.update((current) => {
    const next = routed(current, { active, backup }, timeNow(core));
    const timings = { ...next.timings, switchMs: answer.switchMs };
    return step.kind === 'switch' ? { ...next, timings } : next;
  });
  if (step.kind === 'switch') core.memory.soak = null;
  return { kind: 'done' };
}

async function healthPathOf({ ports, shelf }: Core, slot: Slot | null): Promise<string | null> {
  if (slot === null) return null;
  const seen = await ports.supervisor.inspect(slot);
  return seen.kind === 'empty' ? null : (shelf.get(seen.revision)?.manifest.health.path ?? null);
}
