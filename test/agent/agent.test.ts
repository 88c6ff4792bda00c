import { revisionOf } from '../../lib/contract/desired-state.ts';
import { FakeWorld } from '../support/fake-world.ts';

let world: FakeWorld;
beforeEach(() => {
  world = new FakeWorld();
});
afterEach(() => world.end());

describe('a deployment', () => {
  test('brings up the first release on a host that serves nothing', async () => {
    const pins = world.deploy(world.publish('one'));
    const host = world.host('h1').boot();
    await world.until(() => host.hasConverged(pins));
    expect(host.serving).toBe(pins.release);
    expect(host.status).toMatchObject({ generation: 1, confirmed: { revision: revisionOf(pins) }, phase: 'idle' });
  });

  test('switches to a new release while the old one serves until the switch, and stops the old one after the soak', async () => {
    const host = world.host('h1').boot();
    const one = world.deploy(world.publish('one'));
    await world.until(() => host.hasConverged(one));
    const two = world.deploy(world.publish('two'));
    host.kill();
    host.boot();
    await world.until(() => host.hasConverged(two));
    await world.until(() => host.supervisor.look('blue').kind === 'empty');
    expect(host.hasFailed).toBe(false);
    expect(host.proxy.current).toEqual({ active: 'green', backup: null, healthPath: '/health' });
  });
});
