import { serializeDeploymentRecord } from '../../lib/contract/deployment-record.ts';
import { type DesiredState, revisionOf, serializeDesiredState } from '../../lib/contract/desired-state.ts';
import type { HostStatus } from '../../lib/contract/host-status.ts';
import {
  type InfrastructureRecord,
  parseInfrastructureRecord,
  serializeInfrastructureRecord,
} from '../../lib/contract/infrastructure-record.ts';
import { deploymentKey, desiredStateKey, infrastructureRecordKey } from '../../lib/contract/names.ts';
import { type Clock, systemClock } from '../../lib/delivery/clock.ts';
import { DeliveryError } from '../../lib/delivery/delivery-error.ts';
import { judgeHosts, viewHosts } from '../../lib/delivery/host-view.ts';
import { type WaitOptions, waitForHosts, whileWatching } from '../../lib/delivery/wait.ts';
import { deploymentRecord, desiredState, hostStatus, infrastructureRecord } from '../support/documents.ts';
import { until } from '../support/until.ts';
import { type MemoryStore, memoryStore } from './memory-store.ts';

const host = (name: string, change: Partial<HostStatus> = {}): HostStatus =>
  hostStatus({ host: `AROAEXAMPLE:i-${name}`, generation: 2, rejected: [], ...change });
const desired = desiredState({ generation: 2 });

/** Time passes only in `sleep`, and each second may bring news. */
function scene(script: Readonly<Record<number, (store: MemoryStore) => void>>, change: Partial<WaitOptions> = {}) {
  let now = 0;
  const store = memoryStore(() => now);
  const told: string[] = [];
  script[0]?.(store);
  const clock: Clock = {
    now: () => now,
    sleep: async (ms) => {
      await Promise.resolve();
      for (const end = now + ms; now < end;) {
        now += 1_000;
        script[now / 1_000]?.(store);
      }
    },
  };
  const options: WaitOptions = {
    store,
    desired,
    minHosts: 1,
    timeoutMs: 600_000,
    clock,
    signal: new AbortController().signal,
    progress: ({ message }) => void told.push(message),
    ...change,
  };
  return { store, told, options, waiting: async () => waitForHosts(options) };
}

test('it ends as confirmed when every host has converged, and tells each change once', async () => {
  const { waiting, told } = scene({
    0: (store) => store.report(host('a', { generation: 1 })),
    1: (store) => store.report(host('a', { outcome: 'progressing', phase: 'staging', detail: 'staging' })),
    2: (store) => store.report(host('b', { outcome: 'progressing', phase: 'soaking', detail: 'serving since 1 s' })),
    4: (store) => store.report(host('a')),
    9: (store) => store.report(host('b')),
  });
  expect(await waiting()).toMatchObject({ outcome: 'confirmed', seconds: 9, hosts: [{}, {}] });
  expect(told).toEqual([
    'i-a stale: still at generation 1',
    'i-a staging',
    'i-b soaking: serving since 1 s',
    'i-a converged',
    'i-b converged',
  ]);
});

test('a first deploy waits for machines that have yet to boot, and for as many as are expected', async () => {
  const { waiting } = scene(
    { 120: (store) => store.report(host('a')), 150: (store) => store.report(host('b')) },
    { minHosts: 2 },
  );
  expect(await waiting()).toMatchObject({ outcome: 'confirmed', seconds: 150 });
});

test('a rejection ends it at once when nobody may try any more, and says why', async () => {
  const rejection = { revision: 'a'.repeat(64), release: 'b'.repeat(64), generation: 2, at: '2026-11-23T12:00:00Z' };
  const rejected = [{ ...rejection, reason: 'unhealthy' as const, detail: 'GET /health answered 503' }];
  const { waiting } = scene({
    0: (store) => store.report(host('b', { outcome: 'held', detail: 'halted: 1 host rejected it' })),
    1: (store) => store.report(host('a', { outcome: 'rejected', rejected })),
  });
  const { outcome, seconds, detail } = await waiting();
  expect({ outcome, seconds }).toEqual({ outcome: 'rejected', seconds: 1 });
  expect(detail).toContain('i-a rejected: unhealthy: GET /health answered 503');
  expect(detail).toContain('i-b held: halted');
});

test('hosts that wait for their wave are given time to start after the canary has confirmed', async () => {
  const rollout = { ...desired.rollout, canaries: 1 };
  const { waiting } = scene(
    {
      0: (store) => {
        store.report(host('a', { outcome: 'progressing', phase: 'checking' }));
        store.report(host('b', { outcome: 'held', detail: 'waits for the canary' }));
      },
      2: (store) => store.report(host('a')),
      6: (store) => store.report(host('b', { outcome: 'progressing', phase: 'starting' })),
      8: (store) => store.report(host('b')),
    },
    { desired: { ...desired, rollout } },
  );
  expect(await waiting()).toMatchObject({ outcome: 'confirmed', seconds: 8 });
});

test('hosts that stay held while nobody moves end it as held, after three polls', async () => {
  const { waiting } = scene({ 0: (store) => store.report(host('a', { outcome: 'held', detail: 'waits' })) });
  expect(await waiting()).toMatchObject({ outcome: 'held', seconds: 6 });
});

test('a freeze ends it at once as held', async () => {
  const freeze = { reason: 'sale', until: '2026-12-01T00:00:00Z' };
  const { waiting } = scene(
    { 0: (store) => store.report(host('a', { outcome: 'held' })) },
    { desired: { ...desired, freeze } },
  );
  expect(await waiting()).toMatchObject({ outcome: 'held', seconds: 0 });
});

test('a newer generation ends it as superseded, whatever the hosts say', async () => {
  const newer: DesiredState = { ...desired, generation: 3 };
  const { waiting } = scene({
    5: (store) => {
      const expected = { etag: null, by: 'bob' };
      void store.compareAndSwap(desiredStateKey, serializeDesiredState(newer), expected, new AbortController().signal);
    },
  });
  expect(await waiting()).toMatchObject({ outcome: 'superseded', detail: expect.stringContaining('generation 3') });
});

test('it ends as timed-out, and names who is missing', async () => {
  const { waiting } = scene(
    { 0: (store) => store.report(host('a', { outcome: 'progressing', phase: 'staging', detail: 'fetching' })) },
    { timeoutMs: 30_000 },
  );
  expect(await waiting()).toMatchObject({
    outcome: 'timed-out',
    seconds: 30,
    detail: expect.stringContaining('i-a progressing: fetching'),
  });
});

test('a machine that is gone holds nobody up for longer than its silence lasts', async () => {
  const { waiting } = scene({
    0: (store) => {
      store.report(host('gone', { generation: 1 }));
      store.report(host('a'));
    },
    60: (store) => store.report(host('a')),
    180: (store) => store.report(host('a')),
  });
  expect(await waiting()).toMatchObject({ outcome: 'confirmed', seconds: 201 });
});

test('a machine that is gone holds nobody up at all where the machines in service are known', async () => {
  const { waiting } = scene(
    {
      0: (store) => {
        store.report(host('gone', { generation: 1 }));
        store.report(host('a'));
      },
    },
    { instances: async () => Promise.resolve(['i-a']) },
  );
  expect(await waiting()).toMatchObject({ outcome: 'confirmed', seconds: 0, hosts: [{ host: 'AROAEXAMPLE:i-a' }] });
});

test('a short outage of the store does not end the waiting, a long one does', async () => {
  const outage = new DeliveryError('network', { tried: 'x', wrong: 'y', todo: 'z' });
  const { waiting, store } = scene({ 5: (memory) => memory.report(host('a')) });
  store.fail([outage, outage]);
  expect(await waiting()).toMatchObject({ outcome: 'confirmed' });
  const long = scene({});
  long.store.fail(Array.from({ length: 100 }, () => outage));
  await expect(long.waiting()).rejects.toMatchObject({ code: 'network' });
});

test('one that is refused by the store ends the waiting at once', async () => {
  const { waiting, store } = scene({});
  store.fail([new DeliveryError('denied', { tried: 'x', wrong: 'y', todo: 'z' })]);
  await expect(waiting()).rejects.toMatchObject({ code: 'denied' });
});

describe('where the stacks carry the release', () => {
  const { signal } = new AbortController();
  const pinned = host('old', { outcome: 'held', detail: 'pinned to release abc: a deploy replaces this machine' });
  const clock: Clock = { now: () => 0, sleep: async (_ms, signal) => systemClock.sleep(5, signal) };
  const say = async (
    store: MemoryStore,
    state: InfrastructureRecord['state'],
    revision = revisionOf(desired),
  ): Promise<void> => {
    const found = await store.read(infrastructureRecordKey, parseInfrastructureRecord, signal);
    const text = serializeInfrastructureRecord(infrastructureRecord({ state, revision }));
    await store.compareAndSwap(infrastructureRecordKey, text, { etag: found?.etag ?? null, by: 'ada' }, signal);
  };

  test('machines that wait to be replaced, or refuse it, are no end while CloudFormation works', async () => {
    const { store, waiting, told } = scene({
      0: (store) => {
        store.report(pinned);
        store.report(host('new', { outcome: 'rejected', detail: 'unhealthy' }));
      },
      100: (store) => store.report(host('newer')),
      101: (store) => store.report(pinned),
      120: (store) => {
        void say(store, 'deployed');
        store.report(host('new'));
      },
    });
    await say(store, 'deploying');
    const { outcome, seconds, hosts } = await waiting();
    expect({ outcome, hosts: hosts.length }).toEqual({ outcome: 'confirmed', hosts: 2 });
    expect(seconds).toBeGreaterThanOrEqual(120);
    expect(told).toContain('i-old held: pinned to release abc: a deploy replaces this machine');
  });

  test('it ends as rejected, in the words of the record, when CloudFormation went back', async () => {
    const record = deploymentRecord({ generation: 2, outcome: 'rejected', detail: 'CloudFormation went back: …' });
    const { store, waiting } = scene({
      0: (store) => store.report(pinned),
      30: (store) => {
        void store.putNew(deploymentKey(2), { text: serializeDeploymentRecord(record) }, signal);
        void say(store, 'rolled-back');
      },
    });
    await say(store, 'deploying');
    const { outcome, detail, seconds } = await waiting();
    expect({ outcome, detail }).toEqual({ outcome: 'rejected', detail: record.detail });
    expect(seconds).toBeGreaterThanOrEqual(30);
  });

  test('an interrupted deploy is told when the time is up', async () => {
    const { store, waiting } = scene({}, { timeoutMs: 10_000 });
    await say(store, 'deploying');
    expect(await waiting()).toMatchObject({
      outcome: 'timed-out',
      detail: expect.stringContaining('the stacks are still being deployed'),
    });
  });

  test('a freeze that keeps the stacks at another release ends it as held', async () => {
    const freeze = { reason: 'sale', until: '2026-12-01T00:00:00Z' };
    const { store, waiting } = scene({ 0: (store) => store.report(pinned) }, { desired: { ...desired, freeze } });
    await say(store, 'deployed', 'a'.repeat(64));
    expect(await waiting()).toMatchObject({ outcome: 'held', seconds: 0 });
  });

  test('while other work goes on, what hosts do is told, and the work answers', async () => {
    const { store, told, options } = scene({ 0: (memory) => memory.report(pinned) });
    const watched = whileWatching({ ...options, clock, intervalMs: 5 }, async () => {
      await until('the host to be told of', () => told.length > 0);
      store.report(host('new', { outcome: 'progressing', phase: 'checking', detail: 'checking' }));
      await until('the new host to be told of', () => told.length > 1);
      return 'done';
    });
    expect(await watched).toBe('done');
    expect(told).toEqual([expect.stringContaining('i-old held'), 'i-new checking']);
  });

  test('watching that fails is told, and ends no work', async () => {
    const { store, told, options } = scene({});
    store.fail([new DeliveryError('denied', { tried: 'x', wrong: 'y', todo: 'z' })]);
    const watched = whileWatching({ ...options, clock, intervalMs: 5 }, async () => {
      await until('the fault to be told', () => told.length > 0);
      return 'done';
    });
    expect(await watched).toBe('done');
    expect(told).toEqual([expect.stringContaining('hosts cannot be watched')]);
  });
});

test('a host that was silent for 201 s is unreachable, whatever it said last', () => {
  const entry = { status: host('a'), writtenAt: new Date(0) };
  const outcomes = [200_000, 201_000].map((now) => viewHosts({ statuses: [entry], desired, now })[0]?.outcome);
  expect(outcomes).toEqual(['converged', 'unreachable']);
});

test('nobody but unreachable hosts decides nothing', () => {
  const hosts = viewHosts({ statuses: [{ status: host('a'), writtenAt: new Date(0) }], desired, now: 900_000 });
  expect(judgeHosts(hosts, { minHosts: 1, desired })).toBeUndefined();
});
