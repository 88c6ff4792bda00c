/** Brings the stacks of an environment to an assembly, if they were not deployed from just that one. */
import {
  type InfrastructureRecord,
  parseInfrastructureRecord,
  serializeInfrastructureRecord,
} from '../contract/infrastructure-record.ts';
import { infrastructureRecordKey, stackName } from '../contract/names.ts';
import type { Assembly } from './assembly.ts';
import type { Clock } from './clock.ts';
import { DeliveryError } from './delivery-error.ts';
import type { Call, Variables } from './progress.ts';
import { deployStacks } from './stacks.ts';
import type { Store, Stored } from './store.ts';

export interface InfrastructureOptions extends Call {
  readonly repository: string;
  readonly variables: Variables;
  readonly store: Store;
  readonly assembly: Assembly;
  readonly commit: string;
  readonly by: string;
  readonly clock: Clock;
}

/** The bucket must be there before anything can be published. Throws `DeliveryError`. */
export async function ensureStore(
  options: Omit<InfrastructureOptions, 'clock' | 'commit' | 'by'> & { service: string; environment: string },
): Promise<void> {
  const { store, signal, progress } = options;
  if (await store.exists(signal)) return;
  progress({ step: 'stacks', message: `no bucket '${store.bucket}' yet: deploying its stack first` });
  await deployStacks({ ...options, only: [stackName(options, 'store')] });
  if (await store.exists(signal)) return;
  throw new DeliveryError('bucket-missing', {
    tried: 'making the store of the environment',
    wrong: `its stack is deployed, and there is no bucket '${store.bucket}'`,
    todo: 'check that the account and `service` in environments/ are those that the stacks were synthesized with',
  });
}

/** Of all stacks at once; machines read their release themselves (pull mode). Throws `DeliveryError`: `conflict` when another deploy took over. */
export async function bringInfrastructure(options: InfrastructureOptions): Promise<'deployed' | 'unchanged'> {
  const { store, assembly, signal, progress } = options;
  const found = await readInfrastructure(store, signal);
  const target: InfrastructureTarget = { assembly: assembly.digest, revision: null };
  if (found?.value.state === 'deployed' && isOf(found.value, target)) {
    progress({ step: 'stacks', message: 'the stacks are those of this commit: nothing to deploy' });
    return 'unchanged';
  }
  progress({ step: 'stacks', message: whyDeploy(found?.value), fields: { assembly: assembly.digest } });
  const etag = await writeInfrastructure('deploying', target, { ...options, etag: found?.etag ?? null });
  await deployStacks({ ...options, only: null });
  await writeInfrastructure('deployed', target, { ...options, etag });
  return 'deployed';
}

/** What stacks are to become. */
export type InfrastructureTarget = Pick<InfrastructureRecord, 'assembly' | 'revision'>;

export function isOf(record: InfrastructureRecord, { assembly, revision }: InfrastructureTarget): boolean {
  return record.assembly === assembly && record.revision === revision;
}

export async function readInfrastructure(
  store: Store,
  signal: AbortSignal,
): Promise<Stored<InfrastructureRecord> | undefined> {
  return store.read(infrastructureRecordKey, parseInfrastructureRecord, signal);
}

export function whyDeploy(found: InfrastructureRecord | undefined): string {
  if (!found) return 'deploying the stacks for the first time';
  if (found.state === 'deploying') return 'a deploy of the stacks did not come to its end: deploying them again';
  if (found.state === 'rolled-back') return 'the last change of the stacks was undone: deploying them again';
  return 'the stacks change: deploying them';
}

interface RecordOptions extends Pick<InfrastructureOptions, 'store' | 'commit' | 'by' | 'clock' | 'signal'> {
  /** Of the record that was read; null: there was none. */
  readonly etag: string | null;
}

/** Returns the new entity tag. Throws `DeliveryError`: `conflict` when another deploy took over. */
export async function writeInfrastructure(
  state: InfrastructureRecord['state'],
  target: InfrastructureTarget,
  { store, commit, by, clock, signal, etag }: RecordOptions,
): Promise<string> {
  const at = new Date(clock.now()).toISOString();
  const text = serializeInfrastructureRecord({ schema: 1, ...target, commit, state, at });
  const written = await store.compareAndSwap(infrastructureRecordKey, text, { etag, by }, signal);
  if (written.kind === 'written') return written.etag;
  const winner = await readInfrastructure(store, signal);
  throw new DeliveryError('conflict', {
    tried: `deploying the stacks of commit ${commit.slice(0, 12)}`,
    wrong: winner
      ? `a deploy of commit ${winner.value.commit.slice(0, 12)} by ${winner.by ?? 'unknown'} took over at ${winner.value.at}`
      : 'the record of the infrastructure was removed meanwhile',
    todo: 'wait for it to end; then deploy again if your commit is the newer one',
  });
}
