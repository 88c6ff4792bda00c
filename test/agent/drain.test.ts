import type { Pins } from '../../lib/contract/desired-state.ts';
import { type FakeHost, FakeWorld } from '../support/fake-world.ts';

let world: FakeWorld;
beforeEach(() => {
  world = new FakeWorld();
});
afterEach(() => world.end());

/** A host that serves `two` from green, while blue with `one` leaves and clients still hold connections to it. */
async function draining(): Promise<{ readonly host: FakeHost; readonly one: Pins; readonly two: Pins }> {
  const one = world.deploy(world.publish('one'));
  const host = world.host('h1').boot();
  await world.until(() => host.hasConverged(one));
  host.proxy.open.blue = 3;
  const two = world.deploy(world.publish('two'));
  await world.until(() => host.hasConverged(two));
  await world.until(() => host.proxy.current.backup === null);
  return { host, one, two };
}

const isEmpty = (host: FakeHost) => () => host.supervisor.look('blue').kind === 'empty';

test('a slot that leaves runs until its last connection has ended, and is stopped then', async () => {
  const { host } = await draining();
  await world.pass(20_000);
  expect(host.supervisor.look('blue').kind).toBe('running');
  host.proxy.open.blue = 0;
  expect(await world.until(isEmpty(host))).toBeLessThan(1_000);
  expect(host.lines.find(({ message }) => message === 'slot drained')?.text).toContain('"connections":3,"cut":0');
});

test('connections that do not end are cut when the drain is over, not before', async () => {
  world.drainMs = 12_000;
  const { host } = await draining();
  const tookMs = await world.until(isEmpty(host));
  expect(tookMs).toBeGreaterThan(11_000);
  expect(tookMs).toBeLessThan(12_500);
  expect(host.lines.find(({ message }) => message === 'slot drained')?.text).toContain('"cut":3');
});

test('without a drain the slot is stopped at once', async () => {
  world.drainMs = 0;
  const { host } = await draining();
  expect(await world.until(isEmpty(host))).toBeLessThan(1_000);
});

test('connections that cannot be counted are given the whole time', async () => {
  const { host } = await draining();
  host.proxy.fault = () => new Error('the proxy does not say');
  expect(await world.until(isEmpty(host))).toBeGreaterThan(25_000);
});

test('a candidate that never served is stopped at once', async () => {
  const { host } = await draining();
  host.proxy.open.blue = 0;
  await world.until(isEmpty(host));
  const bad = world.deploy(world.publish('three', { health: () => false }));
  await world.until(() => host.status?.outcome === 'rejected');
  expect(await world.until(isEmpty(host))).toBeLessThan(1_000);
  expect(host.serving).not.toBe(bad.release);
});

test('the deployment counts as done while the old slot drains', async () => {
  const { host, two } = await draining();
  expect(host.status).toMatchObject({ outcome: 'converged', confirmed: { release: two.release } });
});

test('a newer release waits for the slot that drains, and the host is healed meanwhile', async () => {
  const { host, one, two } = await draining();
  const three = world.deploy(world.publish('three'));
  await world.pass(5_000);
  expect(host.supervisor.slots.blue?.launch.release).toBe(one.release);
  host.supervisor.kill('green');
  await world.until(() => host.serving === two.release, 5_000);
  expect(host.supervisor.slots.blue?.launch.release).toBe(one.release);
  host.proxy.open.blue = 0;
  await world.until(() => host.serving === three.release, 10_000);
});

test('going back to what still drains takes up the process that runs', async () => {
  const { host, one } = await draining();
  const pid = host.supervisor.slots.blue?.pid;
  world.deploy(one.release);
  await world.until(() => host.hasConverged(one));
  host.proxy.open.blue = 0;
  await world.pass(60_000);
  expect(host.supervisor.slots.blue?.pid).toBe(pid);
  expect(host.hasFailed).toBe(false);
});

test('a release that is overtaken in its soak keeps its connections too', async () => {
  const { host } = await draining();
  host.proxy.open.blue = 0;
  await world.until(isEmpty(host));
  const three = world.deploy(world.publish('three'));
  await world.until(() => host.serving === three.release);
  host.proxy.open.blue = 1;
  const four = world.deploy(world.publish('four'));
  await world.pass(10_000);
  expect(host.supervisor.slots.blue?.launch.release).toBe(three.release);
  host.proxy.open.blue = 0;
  await world.until(() => host.hasConverged(four));
  expect(host.hasFailed).toBe(false);
});

test('where nothing serves, a release that needs the slot waits for nobody', async () => {
  const host = world.host('h1').boot();
  const one = world.deploy(world.publish('one'));
  await world.until(() => host.serving === one.release);
  const two = world.deploy(world.publish('two'));
  await world.until(() => host.serving === two.release);
  host.proxy.open.blue = 1;
  const three = world.deploy(world.publish('three'));
  await world.pass(5_000);
  expect(host.supervisor.slots.blue?.launch.release).toBe(one.release);
  host.supervisor.kill('green');
  expect(await world.until(() => host.serving === three.release)).toBeLessThan(5_000);
});

test('an agent that ends in a drain stops nothing, and the next one goes on', async () => {
  const { host } = await draining();
  host.terminate();
  await world.pass(3_000);
  await host.ended;
  expect(host.supervisor.look('blue').kind).toBe('running');
  host.boot();
  await world.pass(10_000);
  expect(host.supervisor.look('blue').kind).toBe('running');
  host.proxy.open.blue = 0;
  expect(await world.until(isEmpty(host))).toBeLessThan(1_000);
});
