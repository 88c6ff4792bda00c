import { pinnedIntent } from '../../lib/agent/observe.ts';
import { type Pins, pinsOf, revisionOf } from '../../lib/contract/desired-state.ts';
import { desiredState } from '../support/documents.ts';
import { type FakeHost, FakeWorld } from '../support/fake-world.ts';
import { unavailable } from '../support/fake-store.ts';

const platform = { os: 'linux', cpu: 'x64' };

let world: FakeWorld;
beforeEach(() => {
  world = new FakeWorld();
});
afterEach(() => world.end());

const pinnedHost = (pins: Pins, name = 'h1'): FakeHost => world.host(name, platform, pins).boot();
const says = (host: FakeHost, outcome: string, generation: number) => () =>
  host.status?.outcome === outcome && host.status.generation === generation;

test('a pinned machine brings its release up while no desired state can be read, and reports the generation when it can', async () => {
  const pins = world.deploy(world.publish('one'));
  world.store.fault = (operation) => (operation === 'desired' ? unavailable('denied') : null);
  const host = pinnedHost(pins);
  await world.until(says(host, 'converged', 0));
  expect(host.serving).toBe(pins.release);
  expect(host.status?.detail).toContain('desired state cannot be read');
  await world.pass(300_000);
  expect(host.status).toMatchObject({ outcome: 'converged', rejected: [] });
  world.store.fault = () => null;
  await world.until(says(host, 'converged', 1));
  expect(host.hasFailed).toBe(false);
});

test('a desired state that cannot be read any more after the switch rejects no pinned release', async () => {
  const pins = world.deploy(world.publish('one'));
  const host = pinnedHost(pins);
  await world.until(() => host.serving === pins.release);
  world.store.fault = (operation) => (operation === 'desired' ? unavailable('denied') : null);
  await world.pass(300_000);
  expect(host.status).toMatchObject({ outcome: 'converged', rejected: [], confirmed: { release: pins.release } });
  expect(host.hasFailed).toBe(false);
});

test('a pinned release that does not come up is told with its reason, though no desired state was ever read', async () => {
  const pins = world.deploy(world.publish('bad', { health: () => false }));
  world.store.fault = (operation) => (operation === 'desired' ? unavailable('denied') : null);
  const host = pinnedHost(pins);
  await world.until(says(host, 'rejected', 0));
  expect(host.status?.detail).toMatch(/^unhealthy: not healthy within/);
});

test('a newer generation of another release does not disturb the staging of the pinned one', async () => {
  const pins = world.deploy(world.publish('one'));
  world.store.fault = (operation) => (operation === 'blob' ? 'hang' : null);
  const host = pinnedHost(pins);
  const fetched = (): number => world.store.calls.filter((call) => call.startsWith('blob')).length;
  await world.until(() => fetched() === 1);
  world.deploy(world.publish('two'));
  await world.until(says(host, 'held', 2));
  await world.pass(30_000);
  expect(fetched()).toBe(1);
});

const named = desiredState({ generation: 7 });
const other = desiredState({ generation: 7, release: 'f'.repeat(64) });
const frozen = { reason: 'sale', until: '2099-01-01T00:00:00Z' };
test.each([
  ['nothing', null, { generation: 0, retry: false, pinnedElsewhere: null }],
  ['its own revision', named, { generation: 7, retry: false, pinnedElsewhere: null }],
  ['its own revision once more', { ...named, retry: true }, { generation: 7, retry: true, pinnedElsewhere: null }],
  [
    'another one',
    other,
    { generation: 7, retry: false, pinnedElsewhere: expect.stringContaining('pinned to release') },
  ],
  ['another one once more', { ...other, retry: true }, { retry: false }],
  ['a freeze and a fallback', { ...named, freeze: frozen, fallback: pinsOf(other) }, { frozen: false, fallback: null }],
])('a pinned machine aims at its own revision, whatever is desired: %s', (_, desired, intent) => {
  expect(pinnedIntent(pinsOf(named), desired)).toMatchObject({ revision: revisionOf(named), ...intent });
});

test('a pinned machine reports the generation that names its revision', async () => {
  const pins = world.deploy(world.publish('one'));
  const host = pinnedHost(pins);
  await world.until(() => host.hasConverged(pins));
  expect(host.supervisor.starts[0]?.launch.environment).toMatchObject({ COLOUR: 'red', SLIPWAY_RELEASE: pins.release });
  const starts = host.supervisor.starts.length;
  world.deploy(pins.release);
  await world.until(says(host, 'converged', 2));
  expect(host.supervisor.starts).toHaveLength(starts);
});

test('a pinned machine never takes up another revision: it is held, says so, and goes on serving', async () => {
  const one = world.deploy(world.publish('one'));
  const host = pinnedHost(one);
  await world.until(() => host.hasConverged(one));
  world.deploy(world.publish('two'));
  await world.until(says(host, 'held', 2));
  await world.pass(120_000);
  expect(host.status?.detail).toBe(`pinned to release ${one.release.slice(0, 12)}: a deploy replaces this machine`);
  expect(host.serving).toBe(one.release);
  expect(host.supervisor.starts).toHaveLength(1);
  expect(host.hasFailed).toBe(false);
});

test('a pinned machine comes up on its own release, whatever the desired state says', async () => {
  const one = world.deploy(world.publish('one'));
  const two = world.deploy(world.publish('two'));
  world.deploy(world.publish('three'), { fallback: two });
  const host = pinnedHost(one);
  await world.until(says(host, 'held', 3));
  await world.until(() => host.serving === one.release);
  await world.pass(60_000);
  expect(host.servingPins).toEqual({ release: one.release, revision: revisionOf(one) });
  expect(host.supervisor.starts[0]?.launch.environment['SLIPWAY_COMMIT']).toBe('');
});

test('a new release that others deploy in waves, or that is frozen, comes up on a pinned machine at once', async () => {
  const rollout = { canaries: 1, waves: [50, 100], soakSeconds: 5, haltAfter: 1, pollSeconds: 1 };
  const freeze = { reason: 'sale', until: '2099-01-01T00:00:00Z' };
  const pins = world.deploy(world.publish('one'), { rollout, freeze });
  const hosts = ['h1', 'h2', 'h3'].map((name) => pinnedHost(pins, name));
  await world.until(() => hosts.every((host) => host.hasConverged(pins)), 10_000);
  expect(world.store.calls).not.toContain('list');
});

const broken = [
  ['never gets healthy', 'unhealthy', { health: () => false }],
  ['exits at its start', 'exited', { exitsAfterMs: 50 }],
  [
    'cannot be started',
    'start-failed',
    { refuses: { kind: 'refused', reason: 'start-failed', detail: 'no such file' } },
  ],
] as const;
test.each(broken)(
  'a pinned release that %s gets no traffic, and nothing takes its place',
  async (_, reason, behaviour) => {
    const good = world.deploy(world.publish('good'));
    const bad = world.deploy(world.publish('bad', behaviour), { fallback: good });
    const host = pinnedHost(bad);
    await world.until(says(host, 'rejected', 2));
    await world.pass(120_000);
    expect(host.proxy.routes.every(({ active }) => active === null)).toBe(true);
    expect(host.serving).toBeNull();
    expect(host.status).toMatchObject({ serving: null, rejected: [{ reason, release: bad.release }] });
    expect(host.status?.detail).toContain(reason);
    expect(host.supervisor.starts.every(({ launch }) => launch.release === bad.release)).toBe(true);
  },
);

test('a pinned release whose config is not what its digest says is refused', async () => {
  const pins = world.deploy(world.publish('one'));
  world.store.parameters.set('/hello/dev/config:1', '{"COLOUR":"forged"}');
  const host = pinnedHost(pins);
  await world.until(says(host, 'rejected', 1));
  expect(host.status?.rejected).toMatchObject([{ reason: 'config-unreadable' }]);
  expect(host.supervisor.starts).toEqual([]);
});

test('what an image left confirmed never serves on a machine that is pinned to another release', async () => {
  const one = world.deploy(world.publish('one'));
  const first = pinnedHost(one);
  await world.until(() => first.hasConverged(one));
  first.reboot();
  const two = world.deploy(world.publish('two', { health: () => false }));
  const copy = world.host('h2', platform, two);
  copy.stateFile.text = first.stateFile.text;
  copy.revisionsFile.text = first.revisionsFile.text;
  copy.boot();
  await world.until(says(copy, 'rejected', 2));
  await world.pass(60_000);
  expect(copy.supervisor.starts.map(({ launch }) => launch.release)).toEqual([two.release]);
  expect(copy.serving).toBeNull();
});

test('retry lets a pinned machine try its own revision again, and no other', async () => {
  let isBroken = true;
  const pins = world.deploy(world.publish('one', { health: () => !isBroken }));
  const host = pinnedHost(pins);
  await world.until(says(host, 'rejected', 1));
  isBroken = false;
  world.deploy(world.publish('two'), { retry: true });
  await world.until(says(host, 'held', 2));
  await world.pass(30_000);
  expect(host.serving).toBeNull();
  world.deploy(pins.release, { retry: true });
  await world.until(says(host, 'converged', 3));
  expect(host.serving).toBe(pins.release);
});

test('V8: a pinned machine that reboots with no network serves its release again', async () => {
  const pins = world.deploy(world.publish('one'));
  const host = pinnedHost(pins);
  await world.until(() => host.hasConverged(pins));
  host.reboot();
  world.store.fault = () => unavailable('network');
  host.boot();
  await world.until(() => host.serving === pins.release, 10_000);
  expect(host.supervisor.starts.map(({ launch }) => launch.release)).toEqual([pins.release, pins.release]);
});

test('a crash of the app on a pinned machine is healed, and a release that crashes in its soak is rejected', async () => {
  const pins = world.deploy(world.publish('one'));
  const host = pinnedHost(pins);
  await world.until(() => host.hasConverged(pins));
  host.supervisor.kill('blue');
  await world.until(() => host.serving === pins.release && host.supervisor.starts.length === 2, 5_000);
  const weak = world.deploy(world.publish('weak', { exitsAfterMs: 2_000 }));
  const other = pinnedHost(weak, 'h2');
  await world.until(says(other, 'rejected', 2));
  await world.pass(30_000);
  expect(other.serving).toBeNull();
  expect(other.supervisor.starts).toHaveLength(1);
});
