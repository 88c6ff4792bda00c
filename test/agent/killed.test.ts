/** The agent is killed at every effect that it has; the next one takes up what it finds. */
import type { Pins } from '../../lib/contract/desired-state.ts';
import { type FakeHost, FakeWorld } from '../support/fake-world.ts';

/** Before an effect is after the one before it, but for the first. */
const momentsOf = (effect: number) => (effect === 1 ? (['before', 'after'] as const) : (['after'] as const));
const rollout = { canaries: 0, waves: [100], soakSeconds: 1, haltAfter: 1, pollSeconds: 1 };

async function serving(world: FakeWorld): Promise<{ readonly host: FakeHost; readonly one: Pins }> {
  const one = world.deploy(world.publish('one'), { rollout });
  const host = world.host('h1').boot();
  await world.until(() => host.hasConverged(one));
  await world.pass(500);
  return { host, one };
}

async function untilDeadOr(world: FakeWorld, host: FakeHost, condition: () => boolean): Promise<void> {
  await world.until(() => !host.isAlive || condition());
}

/** Runs a story once for every effect, and kills the agent there; null: the story ended before that effect. */
async function killEverywhere(
  story: (world: FakeWorld, kill: { readonly effect: number; readonly when: 'before' | 'after' }) => Promise<boolean>,
): Promise<number> {
  for (let effect = 1; ; effect += 1) {
    for (const moment of momentsOf(effect)) {
      const world = new FakeWorld();
      try {
        if (!(await story(world, { effect, when: moment }))) return effect - 1;
      } catch (cause) {
        throw new Error(`killed ${moment} effect ${effect}`, { cause });
      } finally {
        world.end();
      }
    }
  }
}

test('S3: killed at any effect of a deployment, something serves always and the next agent ends it', async () => {
  const points = await killEverywhere(async (world, kill) => {
    const { host } = await serving(world);
    host.effects = [];
    host.killAt = kill;
    const two = world.deploy(world.publish('two'), { rollout });
    await untilDeadOr(world, host, () => host.hasConverged(two));
    await untilDeadOr(world, host, () => host.supervisor.look('blue').kind === 'empty');
    if (host.isAlive) await world.pass(3_000);
    if (host.isAlive) return false;
    host.boot();
    await world.until(() => host.hasConverged(two));
    expect(host.hasFailed).toBe(false);
    expect(host.status?.rejected).toEqual([]);
    await world.until(() => host.supervisor.look('blue').kind === 'empty');
    return true;
  });
  expect(points).toBeGreaterThan(10);
});

test('S3: killed at any effect of a rejection, the old release serves always and the new one stays rejected', async () => {
  const points = await killEverywhere(async (world, kill) => {
    const { host, one } = await serving(world);
    host.effects = [];
    host.killAt = kill;
    world.deploy(world.publish('two', { exitsAfterMs: 1_200 }), { rollout });
    await untilDeadOr(world, host, () => host.status?.outcome === 'rejected');
    if (host.isAlive) await world.pass(3_000);
    if (host.isAlive) return false;
    host.boot();
    await world.until(() => host.status?.outcome === 'rejected');
    expect(host.hasFailed).toBe(false);
    expect(host.serving).toBe(one.release);
    return true;
  });
  expect(points).toBeGreaterThan(10);
});

test('S3: killed at any effect of the first deployment, the host comes up', async () => {
  const points = await killEverywhere(async (world, kill) => {
    const one = world.deploy(world.publish('one'), { rollout });
    const host = world.host('h1');
    host.killAt = kill;
    host.boot();
    await untilDeadOr(world, host, () => host.hasConverged(one));
    if (host.isAlive) await world.pass(3_000);
    if (host.isAlive) return false;
    host.boot();
    await world.until(() => host.hasConverged(one));
    expect(host.hasFailed).toBe(false);
    return true;
  });
  expect(points).toBeGreaterThan(8);
});

test('S3: the host reboots at any effect of a deployment, and one of the two releases serves as soon as it is up', async () => {
  const points = await killEverywhere(async (world, kill) => {
    const { host } = await serving(world);
    host.effects = [];
    host.killAt = kill;
    const two = world.deploy(world.publish('two'), { rollout });
    await untilDeadOr(world, host, () => host.hasConverged(two));
    if (host.isAlive) await world.pass(3_000);
    if (host.isAlive) return false;
    host.reboot();
    host.boot();
    const tookMs = await world.until(() => host.serving !== null);
    expect(tookMs).toBeLessThan(2_000);
    await world.until(() => host.hasConverged(two));
    expect(host.hasFailed).toBe(false);
    return true;
  });
  expect(points).toBeGreaterThan(10);
});

test('S7: a disk that is full at any write leaves the old release serving, and the deployment goes on when there is room', async () => {
  for (let full = 1; full < 16; full += 2) {
    const world = new FakeWorld();
    const { host } = await serving(world);
    let writes = 0;
    const until = world.clock.monotonicMs() + 30_000;
    const fault = (): Error | null => {
      writes += 1;
      return writes >= full && world.clock.monotonicMs() < until ? new Error('no space left on device') : null;
    };
    host.stateFile.fault = fault;
    host.revisionsFile.fault = fault;
    const two = world.deploy(world.publish('two'), { rollout });
    await world.until(() => host.hasConverged(two), 300_000);
    expect(host.hasFailed).toBe(false);
    world.end();
  }
});

describe('an agent that starts', () => {
  let world: FakeWorld;
  beforeEach(() => {
    world = new FakeWorld();
  });
  afterEach(() => world.end());

  test('leaves a confirmed release that runs alone', async () => {
    const { host } = await serving(world);
    const app = host.supervisor.slots.blue;
    const routes = host.proxy.routes.length;
    host.kill();
    host.boot();
    await world.pass(30_000);
    expect(host.supervisor.slots.blue).toBe(app);
    expect(host.proxy.routes).toHaveLength(routes);
    expect(host.status?.healed).toEqual([]);
  });

  test('S4: sets an unreadable state aside and knows from the rest what it confirmed', async () => {
    const { host, one } = await serving(world);
    const whole = host.stateFile.text ?? '';
    for (const length of [0, 1, 100, whole.length - 1]) {
      host.reboot();
      world.store.fault = () => ({ kind: 'unavailable', cause: 'network', detail: 'away' });
      host.stateFile.text = whole.slice(0, length);
      host.boot();
      await world.until(() => host.serving === one.release);
      expect(host.stateFile.aside).toBe(whole.slice(0, length));
      world.store.fault = () => null;
      await world.until(() => host.hasConverged(one));
    }
  });

  test('S4: without any file of its own it takes over what runs', async () => {
    const { host, one } = await serving(world);
    host.kill();
    host.stateFile.text = '{';
    host.revisionsFile.text = '{';
    host.boot();
    await world.until(() => host.hasConverged(one));
    expect(host.supervisor.starts).toHaveLength(1);
    expect(host.hasFailed).toBe(false);
    expect(host.revisionsFile.aside).toBe('{');
  });

  test('S4: without any file of its own it replaces what runs only by what it has checked', async () => {
    const { host } = await serving(world);
    host.kill();
    host.stateFile.text = '{';
    host.revisionsFile.text = '{';
    const two = world.deploy(world.publish('two'), { rollout });
    host.boot();
    await world.until(() => host.hasConverged(two));
    expect(host.hasFailed).toBe(false);
  });

  test('that is told to end leaves app and proxy running', async () => {
    const { host, one } = await serving(world);
    world.deploy(world.publish('two'), { rollout });
    await world.until(() => host.supervisor.look('green').kind === 'running');
    host.terminate();
    await world.pass(5_000);
    await host.ended;
    expect(host.serving).toBe(one.release);
    expect(world.clock.sleepers).toBe(0);
  });

  test('waits for its secrets when they cannot be read, and starts the release then', async () => {
    world.store.parameters.set('/hello/dev/secret/KEY:1', 'correct horse');
    const secrets = [{ name: 'KEY', parameter: '/hello/dev/secret/KEY', version: 1 }];
    const one = world.deploy(world.publish('one'), { secrets });
    const host = world.host('h1').boot();
    await world.until(() => host.hasConverged(one));
    host.reboot();
    world.store.fault = (operation) =>
      operation === 'parameter' ? { kind: 'unavailable', cause: 'server', detail: 'away' } : null;
    host.boot();
    await world.pass(60_000);
    expect(host.serving).toBeNull();
    world.store.fault = () => null;
    await world.until(() => host.serving === one.release);
    expect(host.supervisor.starts.at(-1)?.launch.environment['KEY']).toBe('correct horse');
  });
});
