/** Whether a freeze keeps machines from being replaced by ones with another release (push mode). */
import { revisionOf } from '../contract/desired-state.ts';
import type { InfrastructureRecord } from '../contract/infrastructure-record.ts';
import type { Scene } from './deployment.ts';
import { readHistory } from './history.ts';

/** Generations that are looked through for a confirmed one. */
const depth = 50;

/** The first release, the one that runs, and whatever was confirmed here before may come up all the same. */
export async function isFrozen(
  { options, store, seen, clock }: Scene,
  found: InfrastructureRecord | undefined,
  revision: string,
): Promise<boolean> {
  const { freeze } = options.environment;
  if (freeze === null || clock.now() >= Date.parse(freeze.until)) return false;
  const current = found?.revision ?? (seen && revisionOf(seen.value));
  if (current === undefined || (current === revision && found?.state !== 'rolled-back')) return false;
  const history = await readHistory({ store, limit: depth, signal: options.signal });
  return !history.some((entry) => entry.outcome === 'confirmed' && entry.revision === revision);
}
