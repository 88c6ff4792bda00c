import { createServiceManager } from '../../lib/agent/adapters/systemd-notify.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeWorld } from '../support/fake-world.ts';

const lastMs = (told: readonly { readonly atMs: number }[]): number => told.at(-1)?.atMs ?? -1;

const subject = (variables: Record<string, string>, notify?: (args: readonly string[]) => Promise<void>) => {
  const clock = new FakeClock();
  const calls: string[] = [];
  const lines: string[] = [];
  const manager = createServiceManager({
    variables,
    clock,
    log: { write: (_level, message) => void lines.push(message) },
    notify: async (args) => {
      calls.push(args.join(' '));
      await notify?.(args);
    },
  });
  return { clock, calls, lines, manager };
};

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the watchdog of an agent', () => {
  let world: FakeWorld;
  beforeEach(() => {
    world = new FakeWorld();
  });
  afterEach(() => world.end());

  test('hears once that it is up, and then at each turn of its loop', async () => {
    const host = world.host('h1').boot();
    await world.pass(10_000);
    expect(host.told[0]).toMatchObject({ what: 'ready' });
    expect(host.told.filter(({ what }) => what === 'ready')).toHaveLength(1);
    expect(world.clock.monotonicMs() - lastMs(host.told)).toBeLessThanOrEqual(1_000);
  });

  test('S15: hears nothing any more when a step of it hangs', async () => {
    const one = world.deploy(world.publish('one'));
    const host = world.host('h1').boot();
    await world.until(() => host.hasConverged(one));
    jest.spyOn(host.supervisor, 'inspect').mockReturnValue(new Promise(() => undefined));
    await world.pass(2_000);
    const hungMs = lastMs(host.told);
    await world.pass(120_000);
    expect(lastMs(host.told)).toBe(hungMs);
  });

  test('hears of an agent whose steps fail again and again: it is not hung', async () => {
    const host = world.host('h1').boot();
    await world.pass(1_000);
    jest.spyOn(host.supervisor, 'inspect').mockRejectedValue(new Error('no such thing'));
    await world.pass(300_000);
    expect(world.clock.monotonicMs() - lastMs(host.told)).toBeLessThan(40_000);
    expect(host.told.at(-1)?.what).toContain('no such thing');
  });
});

describe('what systemd is told', () => {
  const underWatchdog = { NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_USEC: '60000000' };
  test('is nothing where nobody listens', () => {
    const { manager, calls } = subject({});
    manager.ready();
    manager.alive('idle');
    expect(calls).toEqual([]);
  });

  test('is that it turns, three times in the time that its watchdog waits', async () => {
    const { manager, calls, clock } = subject(underWatchdog);
    manager.ready();
    await settled();
    for (let second = 0; second < 60; second += 1) {
      manager.alive('idle');
      await settled();
      await clock.pass(1_000);
    }
    expect(calls).toEqual(['--ready WATCHDOG=1', ...Array(3).fill('--status=idle WATCHDOG=1')]);
  });

  test('is what it does, when that changes', async () => {
    const { manager, calls } = subject(underWatchdog);
    for (const status of ['idle', 'idle', 'staging', 'staging']) {
      manager.alive(status);
      await settled();
    }
    expect(calls).toEqual(['--status=idle WATCHDOG=1', '--status=staging WATCHDOG=1']);
  });

  test('is tried again at the next turn when it fails, and that is logged once', async () => {
    let isBroken = true;
    const { manager, calls, lines } = subject(underWatchdog, async () => {
      if (isBroken) throw new Error('no such program');
    });
    for (let turn = 0; turn < 3; turn += 1) {
      manager.alive('idle');
      await settled();
    }
    expect(calls).toHaveLength(3);
    expect(lines).toEqual(['systemd cannot be told']);
    isBroken = false;
    manager.alive('idle');
    await settled();
    manager.alive('idle');
    expect(calls).toHaveLength(4);
  });
});
