/** The end of a deploy: how the hosts decided, as it was seen before or by waiting for it now. */
import type { Deployment, Scene, Told } from './deployment.ts';
import { awaitEnd, readRecord } from './deployment-end.ts';

type Ending = Pick<Deployment, 'record' | 'hosts'>;

/** Waits, unless nobody wants to, or how it ended is known. */
export async function finish({ options, store, clock }: Scene, told: Told): Promise<Ending> {
  const { wait, environment, signal, progress } = options;
  const known = told.isNew ? undefined : await readRecord(store, told.desired, signal);
  if (known || !wait) return { record: known ?? null, hosts: [] };
  const { desired, writtenAt, by } = told;
  const minHosts = wait.minHosts ?? environment.hosts.min;
  const { record, hosts } = await awaitEnd({
    ...wait,
    minHosts,
    store,
    desired,
    writtenAt,
    by,
    clock,
    signal,
    progress,
  });
  return { record, hosts };
}
