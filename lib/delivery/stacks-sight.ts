/** What the stacks have to do with a generation where they carry the release to the machines (push mode). */
import { parseDeploymentRecord } from '../contract/deployment-record.ts';
import { type DesiredState, revisionOf } from '../contract/desired-state.ts';
import { parseInfrastructureRecord } from '../contract/infrastructure-record.ts';
import { deploymentKey, infrastructureRecordKey } from '../contract/names.ts';
import type { Store } from './store.ts';

export type StacksSight =
  /** Machines read the generation themselves, or the stacks carry another revision. */
  | { readonly kind: 'apart' }
  /** CloudFormation replaces machines, or its deploy was interrupted. */
  | { readonly kind: 'under-way' }
  /** Every machine that the stacks have in service is pinned to this revision. */
  | { readonly kind: 'carry' }
  /** CloudFormation went back. */
  | { readonly kind: 'undone'; readonly detail: string };

/** Throws `DeliveryError`. */
export async function seeStacks(store: Store, desired: DesiredState, signal: AbortSignal): Promise<StacksSight> {
  const found = await store.read(infrastructureRecordKey, parseInfrastructureRecord, signal);
  if (found === undefined || found.value.revision !== revisionOf(desired)) return { kind: 'apart' };
  const { state } = found.value;
  if (state === 'deploying') return { kind: 'under-way' };
  if (state === 'deployed') return { kind: 'carry' };
  const record = await store.read(deploymentKey(desired.generation), parseDeploymentRecord, signal);
  // The deployment's record is written before: without one, it is another generation of the same revision that waits.
  return record?.value.outcome === 'rejected' ? { kind: 'undone', detail: record.value.detail } : { kind: 'apart' };
}
