import { serializeDeploymentRecord } from '../../lib/contract/deployment-record.ts';
import { serializeDesiredState } from '../../lib/contract/desired-state.ts';
import { deploymentKey, desiredStateKey } from '../../lib/contract/names.ts';
import { readHistory } from '../../lib/delivery/history.ts';
import { readStatus } from '../../lib/delivery/status.ts';
import type { Store } from '../../lib/delivery/store.ts';
import { deploymentRecord, desiredState, hostStatus, infrastructureRecord } from '../support/documents.ts';
import { memoryStore } from './memory-store.ts';

const { signal } = new AbortController();

async function tell(store: Store, generation: number): Promise<void> {
  const found = await store.read(desiredStateKey, (text) => text, signal);
  const text = serializeDesiredState(desiredState({ generation }));
  await store.compareAndSwap(desiredStateKey, text, { etag: found?.etag ?? null, by: `writer ${generation}` }, signal);
}
async function record(store: Store, generation: number): Promise<void> {
  const endedAt = '2026-11-23T12:00:09.500Z';
  const text = serializeDeploymentRecord(deploymentRecord({ generation, endedAt, outcome: 'rejected', detail: 'why' }));
  await store.putNew(deploymentKey(generation), { text }, signal);
}

test('an environment that was never deployed has no history and an empty status', async () => {
  const store = memoryStore();
  expect(await readHistory({ store, limit: 5, signal })).toEqual([]);
  expect(await readStatus({ store, signal, now: 0 })).toEqual({
    desired: null,
    revision: null,
    infrastructure: null,
    record: null,
    hosts: [],
  });
});

test('what was told is merged with how it ended; what has no record is unknown', async () => {
  const store = memoryStore();
  for (const generation of [1, 2, 3]) await tell(store, generation);
  await record(store, 2);
  expect(await readHistory({ store, limit: 2, signal })).toMatchObject([
    { generation: 3, outcome: 'unknown', by: 'writer 3', seconds: null },
    { generation: 2, outcome: 'rejected', by: 'writer 2', seconds: 9.5, detail: 'why' },
  ]);
});

test('a generation whose version has expired is known by its record', async () => {
  const store = memoryStore();
  await tell(store, 3);
  await record(store, 2);
  const history = await readHistory({ store, limit: 10, signal });
  expect(history).toMatchObject([{ generation: 3 }, { generation: 2, outcome: 'rejected', by: 'ada' }]);
});

test('status tells the desired state, how it ended, the infrastructure and each host', async () => {
  const store = memoryStore();
  for (const generation of [1, 2]) await tell(store, generation);
  await record(store, 2);
  await store.putNew('infrastructure.json', { text: JSON.stringify(infrastructureRecord()) }, signal);
  store.report(hostStatus({ host: 'AROAEXAMPLE:i-a', generation: 1 }));
  store.report(hostStatus({ host: 'AROAEXAMPLE:i-b', generation: 2 }));
  expect(await readStatus({ store, signal, now: 5_000 })).toMatchObject({
    desired: { value: { generation: 2 }, by: 'writer 2' },
    record: { outcome: 'rejected' },
    infrastructure: { state: 'deployed' },
    hosts: [
      { host: 'AROAEXAMPLE:i-a', outcome: 'stale', detail: 'still at generation 1', ageSeconds: 5 },
      { host: 'AROAEXAMPLE:i-b', outcome: 'converged' },
    ],
  });
});
