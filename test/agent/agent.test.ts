import { type Pins, parseDesiredState, revisionOf } from '../../lib/contract/desired-state.ts';
import { type FakeHost, FakeWorld } from '../support/fake-world.ts';
import { unavailable } from '../support/fake-store.ts';

let world: FakeWorld;
beforeEach(() => {
  world = new FakeWorld();
});
afterEach(() => world.end());

/** A host that serves the confirmed release `one`, with nothing left to do. */
async function serving(name = 'h1'): Promise<{ readonly host: FakeHost; readonly one: Pins }> {
  const one = world.deploy(world.publish('one'));
  const host = world.host(name).boot();
  await world.until(() => host.hasConverged(one));
  await world.pass(2_000);
  return { host, one };
}

const outcomeIs = (host: FakeHost, outcome: string, generation: number) => () =>
  host.status?.outcome === outcome && host.status.generation === generation;

describe('a deployment', () => {
  test('brings up the first release on a host that serves nothing', async () => {
    const host = world.host('h1').boot();
    await world.pass(3_000);
    expect(host.status).toMatchObject({ generation: 0, outcome: 'progressing', serving: null });
    const pins = world.deploy(world.publish('one'));
    const tookMs = await world.until(() => host.serving === pins.release);
    expect(tookMs).toBeLessThan(3_000);
    await world.until(() => host.hasConverged(pins));
    expect(host.status).toMatchObject({
      generation: 1,
      confirmed: { revision: revisionOf(pins) },
      phase: 'idle',
      rejected: [],
    });
  });

  test('switches while the old release serves, keeps it as backup through the soak, and then stops it', async () => {
    const { host, one } = await serving();
    const two = world.deploy(world.publish('two'));
    await world.until(() => host.serving === two.release);
    expect(host.proxy.current).toMatchObject({ active: 'green', backup: 'blue' });
    expect(host.supervisor.slots.blue?.launch.release).toBe(one.release);
    const soakedMs = await world.until(() => host.hasConverged(two));
    expect(soakedMs).toBeGreaterThanOrEqual(5_000);
    await world.pass(1_000);
    expect(host.supervisor.look('blue').kind).toBe('empty');
    expect(host.proxy.current).toEqual({ active: 'green', backup: null, healthPath: '/health' });
    expect(host.hasFailed).toBe(false);
  });

  test('reports how long staging, start and switch took, and how many bytes were fetched', async () => {
    const { host } = await serving();
    const two = world.deploy(world.publish('two'));
    await world.until(() => host.hasConverged(two));
    const { timings } = host.status ?? {};
    expect(timings).toMatchObject({ stagedMs: 0, switchMs: 1.5 });
    expect(timings?.startedMs).toBeGreaterThanOrEqual(500);
    expect(timings?.bytesFetched).toBeGreaterThan(0);
  });

  test('fetches no runtime again, and nothing at all for a change of config', async () => {
    const { host, one } = await serving();
    world.store.calls.length = 0;
    const two = world.deploy(one.release, { variables: { COLOUR: 'blue' } });
    await world.until(() => host.hasConverged(two));
    expect(host.supervisor.starts.at(-1)?.launch.environment).toMatchObject({ COLOUR: 'blue' });
    expect(world.store.calls.filter((call) => /^(blob|manifest)/.test(call))).toEqual([]);
    expect(host.hasFailed).toBe(false);
    const three = world.deploy(world.publish('three'), { variables: { COLOUR: 'blue' } });
    await world.until(() => host.hasConverged(three));
    expect(world.store.calls.filter((call) => call.startsWith('blob'))).toHaveLength(1);
  });

  test('gives the service its environment, and secrets that are on no disk and in no log', async () => {
    world.store.parameters.set('/hello/dev/secret/KEY:3', 'correct horse');
    const secrets = [{ name: 'KEY', parameter: '/hello/dev/secret/KEY', version: 3 }];
    const one = world.deploy(world.publish('one'), { secrets });
    const host = world.host('h1').boot();
    await world.until(() => host.hasConverged(one));
    expect(host.supervisor.starts[0]?.launch.environment).toMatchObject({
      COLOUR: 'red',
      KEY: 'correct horse',
      NODE_ENV: 'production',
      SLIPWAY_RELEASE: one.release,
      SLIPWAY_ENVIRONMENT: 'dev',
      SLIPWAY_HOST: 'h1',
    });
    const two = world.deploy(world.publish('two', { health: () => false }), { secrets });
    await world.until(outcomeIs(host, 'rejected', 2));
    expect(host.status?.detail).toContain('last words');
    const written = [host.stateFile.text, host.revisionsFile.text, JSON.stringify(host.lines)];
    const reported = [...world.store.statuses.values()].map(({ text }) => text);
    expect([...written, ...reported].join()).not.toContain('correct horse');
    expect(two.secrets).toHaveLength(1);
  });

  test('does nothing and writes nothing while all is as desired', async () => {
    const { host } = await serving();
    await world.pass(5_000);
    const before = { effects: host.effects.length, writes: host.stateFile.writes };
    await world.pass(600_000);
    expect({ effects: host.effects.length, writes: host.stateFile.writes }).toEqual(before);
    expect(world.store.calls.filter((call) => call.startsWith('status')).length).toBeLessThan(20);
  });

  test('S6: keeps the blobs of the confirmed and the previous release only, over many deployments', async () => {
    const { host } = await serving();
    for (let index = 0; index < 10; index += 1) {
      const pins = world.deploy(world.publish(`release ${index}`));
      await world.until(() => host.hasConverged(pins));
    }
    await world.pass(5_000);
    expect(host.blobs.unpacked.size).toBe(3);
    expect(host.stateFile.text?.length).toBeLessThan(10_000);
    expect(host.hasFailed).toBe(false);
  });
});

describe('a bad release', () => {
  const cases = [
    ['that never gets healthy', 'unhealthy', { health: () => false }],
    ['that exits at its start', 'exited', { exitsAfterMs: 50 }],
    [
      'that cannot be started',
      'start-failed',
      { refuses: { kind: 'refused', reason: 'start-failed', detail: 'no such file' } },
    ],
  ] as const;
  test.each(cases)('%s never gets traffic and is rejected', async (_, reason, behaviour) => {
    const { host, one } = await serving();
    const routes = host.proxy.routes.length;
    const two = world.deploy(world.publish('two', behaviour));
    await world.until(outcomeIs(host, 'rejected', 2));
    await world.pass(1_000);
    expect(host.proxy.routes).toHaveLength(routes);
    expect(host.serving).toBe(one.release);
    expect(host.status?.rejected).toMatchObject([{ revision: revisionOf(two), release: two.release, reason }]);
    expect(host.supervisor.look('green').kind).toBe('empty');
    expect(host.hasFailed).toBe(false);
  });

  test('that crashes in its soak is taken off at once', async () => {
    const { host, one } = await serving();
    const two = world.deploy(world.publish('two', { exitsAfterMs: 3_000 }));
    await world.until(() => host.proxy.current.active === 'green');
    await world.until(() => host.supervisor.look('green').kind === 'exited');
    const tookMs = await world.until(() => host.proxy.current.active === 'blue');
    expect(tookMs).toBeLessThanOrEqual(250);
    await world.until(outcomeIs(host, 'rejected', 2));
    expect(host.status).toMatchObject({
      serving: { release: one.release },
      rejected: [{ reason: 'exited', revision: revisionOf(two) }],
    });
    expect(host.serving).toBe(one.release);
    expect(host.hasFailed).toBe(false);
  });

  test('that turns unhealthy in its soak is taken off at once', async () => {
    const { host, one } = await serving();
    world.deploy(world.publish('two', { health: (upMs) => upMs < 2_000 }));
    await world.until(outcomeIs(host, 'rejected', 2));
    expect(host.status?.rejected[0]).toMatchObject({ reason: 'unhealthy' });
    expect(host.serving).toBe(one.release);
    expect(host.proxy.current).toMatchObject({ active: 'blue', backup: null });
  });

  test('S12: whose health comes and goes never confirms', async () => {
    const { host, one } = await serving();
    world.deploy(world.publish('two', { health: (upMs) => upMs < 1_000 || Math.floor(upMs / 1_000) % 2 === 0 }));
    await world.until(() => host.status?.outcome === 'rejected');
    expect(host.serving).toBe(one.release);
  });

  test('that fails one check in its soak is not rejected for it, but soaks for longer', async () => {
    const { host } = await serving();
    let failures = 0;
    const health = (upMs: number): boolean => upMs < 3_000 || (failures += 1) > 1;
    const two = world.deploy(world.publish('two', { health }));
    await world.until(() => host.serving === two.release);
    const tookMs = await world.until(() => host.hasConverged(two));
    expect(tookMs).toBeGreaterThan(6_000);
  });

  test('S5: is not tried again, not after a restart of the agent and not by a generation that names it again', async () => {
    const { host } = await serving();
    const bad = world.publish('two', { health: () => false });
    world.deploy(bad);
    await world.until(outcomeIs(host, 'rejected', 2));
    const starts = host.supervisor.starts.length;
    host.kill();
    host.boot();
    world.deploy(bad, { rollout: { canaries: 0, waves: [100], soakSeconds: 9, haltAfter: 1, pollSeconds: 1 } });
    await world.until(outcomeIs(host, 'rejected', 3));
    await world.pass(20_000);
    expect(host.supervisor.starts).toHaveLength(starts);
  });

  test('is tried again when a new generation says retry', async () => {
    const { host } = await serving();
    const bad = world.publish('two', { health: () => false });
    world.deploy(bad);
    await world.until(outcomeIs(host, 'rejected', 2));
    host.supervisor.behaviours.set(bad, {});
    const again = world.deploy(bad, { retry: true });
    await world.until(() => host.hasConverged(again));
    expect(host.status?.rejected).toEqual([]);
  });

  test('is not tried again and again under the generation that said retry', async () => {
    const { host } = await serving();
    const bad = world.publish('two', { health: () => false });
    world.deploy(bad, { retry: true });
    await world.until(outcomeIs(host, 'rejected', 2));
    const starts = host.supervisor.starts.length;
    host.kill();
    host.boot();
    await world.pass(20_000);
    expect(host.supervisor.starts).toHaveLength(starts);
  });

  test('is repaired by the next one at once, while it is still being checked', async () => {
    const { host } = await serving();
    world.deploy(world.publish('two', { health: () => false }));
    await world.until(() => host.supervisor.look('green').kind === 'running');
    const three = world.deploy(world.publish('three'));
    const tookMs = await world.until(() => host.serving === three.release);
    expect(tookMs).toBeLessThan(4_000);
    await world.until(() => host.hasConverged(three));
    expect(host.status?.rejected).toEqual([]);
    expect(host.hasFailed).toBe(false);
  });

  test('is repaired by the next one during its soak, over the confirmed one', async () => {
    const { host, one } = await serving();
    const two = world.deploy(world.publish('two'));
    await world.until(() => host.serving === two.release);
    const three = world.deploy(world.publish('three'));
    await world.until(() => host.serving === three.release);
    expect(host.proxy.routes.slice(-2)).toMatchObject([{ active: 'blue' }, { active: 'green', backup: 'blue' }]);
    expect(host.supervisor.slots.blue?.launch.release).toBe(one.release);
    await world.until(() => host.hasConverged(three));
    expect(host.hasFailed).toBe(false);
  });

  const misfits = [
    ['another service', 'wrong-service', { service: 'other' }],
    ['another platform', 'wrong-platform', { runtime: { version: '26.10.0', os: 'linux', cpu: 'arm64' } }],
  ] as const;
  test.each(misfits)('of %s is rejected before a byte of it is fetched', async (_, reason, change) => {
    const { host } = await serving();
    const blob = world.store.addBlob(Buffer.from('other'));
    world.store.calls.length = 0;
    const manifest = 'runtime' in change ? { runtime: { ...change.runtime, ...blob } } : change;
    world.deploy(world.publish('two', {}, manifest));
    await world.until(outcomeIs(host, 'rejected', 2));
    expect(host.status?.rejected[0]).toMatchObject({ reason });
    expect(world.store.calls.filter((call) => call.startsWith('blob'))).toEqual([]);
  });

  test('whose bytes are not what its digest says is rejected before anything starts', async () => {
    const { host } = await serving();
    const two = world.publish('two');
    const app = [...world.store.blobs].find(([, bytes]) => bytes.toString() === 'the app two');
    world.store.blobs.set(app?.[0] ?? '', Buffer.from('the app TWO'));
    world.deploy(two);
    await world.until(outcomeIs(host, 'rejected', 2));
    expect(host.status?.rejected[0]).toMatchObject({ reason: 'digest-mismatch' });
    expect(host.supervisor.starts).toHaveLength(1);
  });

  test('whose config is not the pinned one is rejected, after it was given time to arrive', async () => {
    const { host } = await serving();
    const pins = world.deploy(world.publish('two'), { variables: { COLOUR: 'green' } });
    world.store.parameters.set('/hello/dev/config:1', '{}');
    await world.until(outcomeIs(host, 'rejected', 2));
    expect(host.status?.rejected[0]).toMatchObject({ reason: 'config-unreadable', revision: revisionOf(pins) });
  });

  test('whose config arrives a little later is not rejected', async () => {
    const { host } = await serving();
    const two = world.deploy(world.publish('two'), { variables: { COLOUR: 'green' } });
    const value = world.store.parameters.get('/hello/dev/config:1') ?? '';
    world.store.parameters.set('/hello/dev/config:1', '{}');
    await world.until(() => world.store.calls.filter((call) => call.startsWith('parameter')).length > 2);
    world.store.parameters.set('/hello/dev/config:1', value);
    await world.until(() => host.hasConverged(two));
    expect(host.status?.rejected).toEqual([]);
  });
});

test('S8: a wall clock that jumps ten years to either side decides nothing', async () => {
  const { host } = await serving();
  for (const years of [10, -20]) {
    const next = world.deploy(world.publish(`after ${years} years`));
    await world.until(() => host.serving === next.release);
    world.clock.wallMs += years * 365 * 86_400_000;
    const tookMs = await world.until(() => host.hasConverged(next));
    expect(tookMs).toBeGreaterThanOrEqual(5_000);
    expect(tookMs).toBeLessThan(8_000);
  }
  expect(host.hasFailed).toBe(false);
});

test('a slot that ignores SIGTERM for long blocks no repair of what serves', async () => {
  const { host } = await serving();
  const two = world.deploy(world.publish('two'));
  const stop = host.supervisor.stop.bind(host.supervisor);
  host.supervisor.stop = async (slot) => {
    await world.clock.sleep(10_000, new AbortController().signal);
    await stop(slot);
  };
  await world.until(() => host.hasConverged(two));
  host.supervisor.kill('green');
  const tookMs = await world.until(
    () => host.serving === two.release && host.supervisor.look('green').kind === 'running',
  );
  expect(tookMs).toBeLessThanOrEqual(1_000);
});

test('a step that fails is reported, tried again, and forgotten when it succeeds', async () => {
  const { host } = await serving();
  const route = host.proxy.route.bind(host.proxy);
  host.proxy.route = async () => {
    throw new Error('the proxy says no');
  };
  const two = world.deploy(world.publish('two'));
  await world.until(() => host.status?.detail.includes('the proxy says no') ?? false);
  host.proxy.route = route;
  await world.until(() => host.hasConverged(two));
  expect(host.status?.detail).toBe('serves and is confirmed');
});

describe('going back', () => {
  test('to the release before fetches nothing and waits for no canary', async () => {
    const { host, one } = await serving();
    const two = world.deploy(world.publish('two'));
    await world.until(() => host.hasConverged(two));
    world.store.calls.length = 0;
    const back = world.deploy(one.release);
    const tookMs = await world.until(() => host.serving === one.release);
    expect(tookMs).toBeLessThan(2_500);
    await world.until(() => host.hasConverged(back));
    expect(world.store.calls.filter((call) => /^(blob|manifest|list|parameter)/.test(call))).toEqual([]);
  });

  test('during the soak is one switch to what still runs', async () => {
    const { host, one } = await serving();
    const two = world.deploy(world.publish('two'));
    await world.until(() => host.serving === two.release);
    const starts = host.supervisor.starts.length;
    const back = world.deploy(one.release);
    await world.until(() => host.hasConverged(back));
    expect(host.supervisor.starts).toHaveLength(starts);
    expect(host.hasFailed).toBe(false);
  });
});

describe('a generation', () => {
  test('that is lower than the accepted one is refused, and said so', async () => {
    const { host } = await serving();
    const document = world.store.desired;
    const two = world.deploy(world.publish('two'));
    await world.until(() => host.hasConverged(two));
    world.store.desired = document;
    await world.pass(20_000);
    expect(host.serving).toBe(two.release);
    expect(host.status).toMatchObject({ generation: 2, detail: expect.stringContaining('generation 1 is older') });
  });

  test('that is accepted already is refused with other content', async () => {
    const { host, one } = await serving();
    const two = world.publish('two');
    world.store.writeDesired({ ...parseDesiredState(world.store.desired ?? ''), release: two });
    await world.pass(10_000);
    expect(host.serving).toBe(one.release);
    expect(host.status?.detail).toContain('generation 1 was accepted with other content');
  });

  test('of another environment is refused', async () => {
    const { host, one } = await serving();
    world.deploy(world.publish('two'), { environment: 'prod' });
    await world.pass(30_000);
    expect(host.serving).toBe(one.release);
    expect(host.status).toMatchObject({
      generation: 1,
      detail: expect.stringContaining('this host is of hello in dev'),
    });
  });

  test('that cannot be parsed changes nothing', async () => {
    const { host, one } = await serving();
    world.store.desired = '{"schema":1';
    await world.pass(30_000);
    expect(host.serving).toBe(one.release);
    expect(host.status?.detail).toContain('is not JSON');
    expect(host.status?.outcome).toBe('converged');
  });
});

describe('a freeze', () => {
  const freeze = { reason: 'holidays', until: '2026-11-23T12:05:00Z' };

  test('applies no new release until it ends, and heals meanwhile', async () => {
    const { host, one } = await serving();
    const two = world.deploy(world.publish('two'), { freeze });
    await world.until(outcomeIs(host, 'held', 2));
    expect(host.status?.detail).toBe('frozen until 2026-11-23T12:05:00Z: holidays');
    host.supervisor.kill('blue');
    await world.until(() => host.serving === one.release);
    await world.until(() => host.status?.healed.length === 1);
    await world.until(() => host.hasConverged(two), 600_000);
    expect(world.clock.now().getTime()).toBeGreaterThan(Date.parse(freeze.until));
  });

  test('lets a host go back to the release before', async () => {
    const { host, one } = await serving();
    const two = world.deploy(world.publish('two'));
    await world.until(() => host.hasConverged(two));
    const back = world.deploy(one.release, { freeze });
    await world.until(() => host.hasConverged(back));
    expect(host.serving).toBe(one.release);
  });

  test('starts a new host with what was confirmed in the environment', async () => {
    const { one } = await serving();
    world.deploy(world.publish('two'), { freeze, fallback: one });
    const host = world.host('h2').boot();
    await world.until(outcomeIs(host, 'held', 2));
    await world.until(() => host.status?.confirmed?.release === one.release);
    expect(host.serving).toBe(one.release);
  });
});

describe('when what is remote is away', () => {
  test('S10: serving is unaffected, requests are few, and change comes when it is back', async () => {
    const { host, one } = await serving();
    world.store.fault = () => unavailable('network');
    await world.pass(900_000);
    expect(host.serving).toBe(one.release);
    expect(host.hasFailed).toBe(false);
    expect(world.store.calls.length).toBeLessThan(3 * 15 * 2);
    world.store.fault = () => null;
    const two = world.deploy(world.publish('two'));
    await world.until(() => host.hasConverged(two));
  });

  test('S9: reads that hang are given up', async () => {
    const { host, one } = await serving();
    world.store.fault = () => 'hang';
    await world.pass(120_000);
    expect(host.serving).toBe(one.release);
    world.store.fault = () => null;
    const two = world.deploy(world.publish('two'));
    await world.until(() => host.hasConverged(two));
  });

  test('V8: a host that boots serves the last confirmed release', async () => {
    const { host, one } = await serving();
    host.reboot();
    world.store.fault = () => unavailable('network');
    host.boot();
    const tookMs = await world.until(() => host.serving === one.release);
    expect(tookMs).toBeLessThan(1_000);
  });

  test('a download that fails is tried again, and a crash is healed meanwhile', async () => {
    const { host, one } = await serving();
    world.store.fault = (operation) => (operation === 'blob' ? 'hang' : null);
    const two = world.deploy(world.publish('two'));
    await world.until(() => host.status?.phase === 'staging');
    host.supervisor.kill('blue');
    const tookMs = await world.until(() => host.serving === one.release);
    expect(tookMs).toBeLessThanOrEqual(1_000);
    world.store.fault = () => null;
    await world.until(() => host.hasConverged(two), 1_200_000);
    expect(host.status?.rejected).toEqual([]);
  });

  test('an outage that began before the switch is no fault of the release', async () => {
    const { host } = await serving();
    const two = world.deploy(world.publish('two'));
    await world.until(() => host.supervisor.look('green').kind === 'running');
    world.store.fault = (operation) => (operation === 'desired' ? unavailable() : null);
    await world.until(() => host.hasConverged(two));
    expect(host.status?.rejected).toEqual([]);
  });

  test('a release after which the desired state cannot be read any more is rejected', async () => {
    const { host, one } = await serving();
    world.deploy(world.publish('two'));
    await world.until(() => host.proxy.current.active === 'green');
    world.store.fault = (operation) => (operation === 'desired' ? unavailable('network') : null);
    await world.until(() => host.status?.outcome === 'rejected', 300_000);
    expect(host.status?.rejected[0]).toMatchObject({ reason: 'desired-state-unreadable' });
    expect(host.serving).toBe(one.release);
    expect(host.hasFailed).toBe(false);
  });

  test('reporting that fails changes nothing', async () => {
    world.store.fault = (operation) => (operation === 'status' ? unavailable('denied') : null);
    const one = world.deploy(world.publish('one'));
    const host = world.host('h1').boot();
    await world.until(() => host.serving === one.release);
    await world.pass(30_000);
    world.store.fault = () => null;
    await world.until(() => host.hasConverged(one));
    expect(host.lines.filter(({ message }) => message === 'status cannot be written')).toHaveLength(1);
  });
});

describe('drift', () => {
  test('a dead app is noticed and started again within a second', async () => {
    const { host, one } = await serving();
    host.supervisor.kill('blue', 'exited with SIGKILL');
    const tookMs = await world.until(() => host.serving === one.release);
    expect(tookMs).toBeLessThanOrEqual(1_000);
    await world.until(() => host.status?.healed.at(-1)?.what === 'app restarted: exited with SIGKILL');
  });

  test('an app that crashes again and again is restarted with growing pauses, and for ever', async () => {
    const { host, one } = await serving();
    host.supervisor.behaviours.set(one.release, { exitsAfterMs: 500 });
    await world.pass(300_000);
    const starts = host.supervisor.starts.length;
    expect(starts).toBeLessThan(25);
    host.supervisor.behaviours.set(one.release, {});
    await world.until(() => host.serving === one.release);
    await world.pass(120_000);
    expect(host.serving).toBe(one.release);
  });

  test('a crash-looping app does not block its own fix', async () => {
    const { host, one } = await serving();
    host.supervisor.behaviours.set(one.release, { exitsAfterMs: 500 });
    await world.pass(120_000);
    const two = world.deploy(world.publish('two'));
    const tookMs = await world.until(() => host.serving === two.release);
    expect(tookMs).toBeLessThan(10_000);
    await world.until(() => host.hasConverged(two));
  });

  test('a dead proxy comes back with the same route', async () => {
    const { host, one } = await serving();
    host.proxy.running = false;
    host.proxy.current = { active: null, backup: null, healthPath: null };
    const tookMs = await world.until(() => host.serving === one.release);
    expect(tookMs).toBeLessThanOrEqual(1_000);
    await world.until(() => host.status?.healed.at(-1)?.what === 'proxy was not running');
  });

  test('blobs that vanished are fetched again while the release serves', async () => {
    const { host } = await serving();
    host.blobs.unpacked.clear();
    await world.until(() => host.blobs.unpacked.size === 2);
    expect(host.hasFailed).toBe(false);
  });

  test('a slot that somebody started beside the confirmed one is stopped', async () => {
    const { host, one } = await serving();
    const launch = host.supervisor.starts[0]?.launch;
    if (launch !== undefined) await host.supervisor.start('green', launch);
    await world.until(() => host.supervisor.look('green').kind === 'empty');
    expect(host.serving).toBe(one.release);
  });

  test('the old release that dies in the soak comes back as backup', async () => {
    const { host, one } = await serving();
    const two = world.deploy(world.publish('two'));
    await world.until(() => host.proxy.current.active === 'green');
    host.supervisor.kill('blue');
    await world.until(() => host.supervisor.look('blue').kind === 'running');
    expect(host.proxy.current).toMatchObject({ active: 'green', backup: 'blue' });
    expect(host.supervisor.slots.blue?.launch.release).toBe(one.release);
    await world.until(() => host.hasConverged(two));
  });
});
