import { type Pins, revisionOf } from '../../lib/contract/desired-state.ts';
import { rankHosts } from '../../lib/agent/rollout.ts';
import { type FakeHost, FakeWorld } from '../support/fake-world.ts';

const rollout = { canaries: 1, waves: [50, 100], soakSeconds: 5, haltAfter: 1, pollSeconds: 1 };

let world: FakeWorld;
beforeEach(() => {
  world = new FakeWorld();
});
afterEach(() => world.end());

async function fleet(count: number): Promise<{ readonly hosts: readonly FakeHost[]; readonly one: Pins }> {
  const one = world.deploy(world.publish('one'), { rollout });
  const hosts = Array.from({ length: count }, (_, index) => world.host(`h${index}`).boot());
  await world.until(() => hosts.every((host) => host.hasConverged(one)));
  return { hosts, one };
}

function inOrder(hosts: readonly FakeHost[], release: string): readonly FakeHost[] {
  const ranked = rankHosts(
    hosts.map(({ name }) => name),
    release,
  );
  return ranked.flatMap((name) => hosts.filter((host) => host.name === name));
}

describe('several hosts, without a coordinator', () => {
  test('all start the first release at once: nothing serves that could be lost', async () => {
    const { hosts } = await fleet(4);
    expect(world.clock.monotonicMs()).toBeLessThan(8_000);
    expect(hosts.map(({ hasFailed }) => hasFailed)).toEqual([false, false, false, false]);
  });

  test('the canary goes first, then the waves, each when those before have confirmed', async () => {
    const { hosts } = await fleet(4);
    const two = world.deploy(world.publish('two'), { rollout });
    const ordered = inOrder(hosts, two.release);
    const served: number[][] = [];
    await world.until(() => {
      const now = ordered.map(({ serving }) => (serving === two.release ? 1 : 0));
      if (served.at(-1)?.join() !== now.join()) served.push(now);
      return hosts.every((host) => host.hasConverged(two));
    });
    expect(served).toEqual(
      expect.arrayContaining([
        [1, 0, 0, 0],
        [1, 1, 0, 0],
        [1, 1, 1, 1],
      ]),
    );
    expect(hosts.every(({ hasFailed }) => !hasFailed)).toBe(true);
  });

  test('one rejection stops the rest, which are held and go on serving', async () => {
    const { hosts, one } = await fleet(3);
    const two = world.deploy(world.publish('two', { health: () => false }), { rollout });
    const [canary, ...others] = inOrder(hosts, two.release);
    await world.until(() => canary?.status?.outcome === 'rejected');
    await world.until(() => others.every(({ status }) => status?.outcome === 'held' && status.generation === 2));
    await world.until(() => others.every(({ status }) => status?.detail === `rejected by ${canary?.name}`));
    await world.pass(60_000);
    expect(hosts.map(({ serving }) => serving)).toEqual([one.release, one.release, one.release]);
    expect(others.flatMap(({ supervisor }) => supervisor.starts)).toHaveLength(2);
    const three = world.deploy(world.publish('three'), { rollout });
    await world.until(() => hosts.every((host) => host.hasConverged(three)));
  });

  test('a host that scales out after a halt starts the fallback', async () => {
    const { hosts, one } = await fleet(2);
    const two = world.deploy(world.publish('two', { health: () => false }), { rollout, fallback: one });
    await world.until(() => hosts.some(({ status }) => status?.outcome === 'rejected'));
    const fresh = world.host('fresh').boot();
    await world.until(() => fresh.status?.confirmed?.revision === revisionOf(one));
    expect(fresh.status).toMatchObject({ outcome: 'held', serving: { release: one.release } });
    expect(fresh.supervisor.starts.map(({ launch }) => launch.release)).toEqual([one.release]);
    expect(two.release).not.toBe(one.release);
  });

  test('a new host on which the release does not come up starts the fallback', async () => {
    const { one } = await fleet(1);
    world.hosts[0]?.kill();
    const two = world.deploy(world.publish('two', { exitsAfterMs: 50 }), { fallback: one, rollout });
    const fresh = world.host('fresh').boot();
    await world.until(() => fresh.status?.confirmed?.revision === revisionOf(one));
    expect(fresh.status).toMatchObject({
      outcome: 'rejected',
      serving: { release: one.release },
      rejected: [{ revision: revisionOf(two), reason: 'exited' }],
    });
  });

  test('a new host whose first release crashes in its soak goes over to the fallback', async () => {
    const { one } = await fleet(1);
    world.hosts[0]?.kill();
    world.deploy(world.publish('two', { exitsAfterMs: 3_000 }), { fallback: one, rollout });
    const fresh = world.host('fresh').boot();
    await world.until(() => fresh.status?.confirmed?.revision === revisionOf(one));
    expect(fresh.status).toMatchObject({ outcome: 'rejected', serving: { release: one.release } });
  });

  test('a host that rejected and has no fallback keeps nothing in a slot, and takes the next release', async () => {
    world.deploy(world.publish('two', { health: () => false }), { rollout });
    const host = world.host('h1').boot();
    await world.until(() => host.status?.outcome === 'rejected');
    await world.pass(2_000);
    expect(host.supervisor.look('blue').kind).toBe('empty');
    const three = world.deploy(world.publish('three'), { rollout });
    await world.until(() => host.hasConverged(three));
  });

  test('a status that cannot be listed holds a host that serves, but not one that serves nothing', async () => {
    const { hosts, one } = await fleet(1);
    world.store.fault = (operation) =>
      operation === 'list' ? { kind: 'unavailable', cause: 'denied', detail: 'no' } : null;
    const two = world.deploy(world.publish('two'), { rollout });
    const fresh = world.host('fresh').boot();
    await world.until(() => fresh.hasConverged(two));
    expect(hosts[0]?.serving).toBe(one.release);
    world.store.fault = () => null;
    await world.until(() => hosts[0]?.hasConverged(two) ?? false);
  });
});
