/** Lets a slot that leaves finish what it was asked, before it is stopped. */
import type { Slot } from '../contract/host-status.ts';
import type { Core } from './core.ts';
import { pause, within } from './pause.ts';

const pollMs = 250;
const askTimeoutMs = 3_000;

/** Resolves when nobody is connected to the slot or its time is up; false: the signal was aborted before, and the slot stays. */
export async function drain(core: Core, slot: Slot, signal: AbortSignal): Promise<boolean> {
  const { clock, log } = core.ports;
  const startedMs = clock.monotonicMs();
  const first = await countConnections(core, slot, signal);
  let open = first;
  while (open !== 0 && !signal.aborted) {
    const restMs = startedMs + core.drainMs - clock.monotonicMs();
    if (restMs <= 0) break;
    await pause(clock, Math.min(pollMs, restMs), signal);
    open = await countConnections(core, slot, signal);
  }
  if (signal.aborted) return false;
  const tookMs = Math.round(clock.monotonicMs() - startedMs);
  if (first !== 0) log.write('info', 'slot drained', { slot, connections: first, cut: open, tookMs });
  return true;
}

/** Null: it cannot be told, so it may be any number. */
async function countConnections({ ports }: Core, slot: Slot, signal: AbortSignal): Promise<number | null> {
  const limit = { ms: askTimeoutMs, signal };
  try {
    return await within(ports.clock, limit, (inner) => ports.proxy.connections(slot, inner));
  } catch (error) {
    if (!signal.aborted) ports.log.write('warn', 'connections cannot be counted', { slot, detail: String(error) });
    return null;
  }
}
