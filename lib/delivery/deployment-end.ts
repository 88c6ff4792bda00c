/** Waits for the end of a generation and writes down, once, how it ended. */
import {
  type DeploymentRecord,
  parseDeploymentRecord,
  serializeDeploymentRecord,
} from '../contract/deployment-record.ts';
import { type DesiredState, revisionOf } from '../contract/desired-state.ts';
import { deploymentKey } from '../contract/names.ts';
import type { Clock } from './clock.ts';
import { DeliveryError } from './delivery-error.ts';
import { countHosts } from './host-view.ts';
import type { Progress } from './progress.ts';
import type { Store } from './store.ts';
import { type HostView, type WaitOptions, waitForHosts } from './wait.ts';

export interface EndOptions extends WaitOptions {
  readonly clock: Clock;
  /** When the desired state was written. */
  readonly writtenAt: Date;
  readonly by: string;
}

export interface DeploymentEnd {
  readonly record: DeploymentRecord;
  readonly hosts: readonly HostView[];
  readonly seconds: number;
}

/** Throws `DeliveryError`. */
export async function awaitEnd(options: EndOptions): Promise<DeploymentEnd> {
  const { outcome, detail, hosts, seconds } = await waitForHosts(options);
  return { record: await recordEnd({ outcome, detail, hosts }, options), hosts, seconds };
}

interface Seen {
  readonly outcome: DeploymentRecord['outcome'];
  readonly detail: string;
  readonly hosts: readonly HostView[];
}

/** Throws `DeliveryError`. */
export async function recordEnd(
  { outcome, detail, hosts }: Seen,
  options: Pick<EndOptions, 'desired' | 'clock' | 'writtenAt' | 'by' | 'progress' | 'store' | 'signal'>,
): Promise<DeploymentRecord> {
  const { desired, clock, writtenAt, by, progress } = options;
  const record: DeploymentRecord = {
    schema: 1,
    generation: desired.generation,
    commit: desired.commit,
    tree: desired.tree,
    release: desired.release,
    revision: revisionOf(desired),
    outcome,
    detail: detail.slice(0, 4_000),
    hosts: countHosts(hosts),
    writtenAt: writtenAt.toISOString(),
    endedAt: new Date(clock.now()).toISOString(),
    by,
  };
  if (isFinal(outcome)) await keepRecord(record, options);
  tellEnd(record, progress);
  return record;
}

/** Hosts that are slow or frozen may still converge, and a record cannot be changed: whoever waits again may see the end. */
function isFinal(outcome: DeploymentRecord['outcome']): boolean {
  return outcome !== 'timed-out' && outcome !== 'held';
}

/** Two may have waited for the same generation: the first record stays. */
async function keepRecord(
  record: DeploymentRecord,
  { store, signal }: Pick<EndOptions, 'store' | 'signal'>,
): Promise<void> {
  try {
    await store.putNew(deploymentKey(record.generation), { text: serializeDeploymentRecord(record) }, signal);
  } catch (error) {
    if (!(error instanceof DeliveryError) || error.code !== 'digest-collision') throw error;
  }
}

function tellEnd({ generation, outcome, hosts, detail }: DeploymentRecord, progress: Progress): void {
  progress({
    step: 'record',
    message: `generation ${generation} ${outcome}: ${detail.split('\n', 1)[0] ?? ''}`,
    fields: { generation, outcome, ...hosts },
  });
}

/** How a generation ended, if somebody has seen it. */
export async function readRecord(
  store: Store,
  { generation }: DesiredState,
  signal: AbortSignal,
): Promise<DeploymentRecord | undefined> {
  return (await store.read(deploymentKey(generation), parseDeploymentRecord, signal))?.value;
}
