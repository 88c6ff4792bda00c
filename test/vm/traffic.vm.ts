/** What clients notice of all that happens to machines under load: nothing, but that long-lived connections end when their release has left. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTraffic, type Traffic } from './support/load.ts';
import type { Machine } from './support/machine.ts';
import { endsAfter, type Step, underLoad } from './support/traffic-steps.ts';
import { until } from './support/until.ts';
import { createMachineWorld, drainSeconds, type MachineWorld, trafficEnvironment } from './support/world.ts';

/** A drain ends with the stop of the service, which has five seconds; the rest is for a slow machine. */
const lateSeconds = 10;
const watchdogSeconds = 60;

describe('two machines under load', () => {
  let world: MachineWorld;
  let traffic: Traffic;
  let good = '';

  beforeAll(async () => {
    world = await createMachineWorld({ environment: trafficEnvironment, hosts: 2 });
    await world.deployFirst();
    traffic = startTraffic({ port: world.loadBalancer.port });
    await until('long-lived connections', () => traffic.longLived().length === 16);
  }, 240_000);
  // What was opened in the step before has ended with the old release of it, and is open again.
  const allOpen = async (): Promise<void> => {
    await sleep(2_000);
    await until('all to be open', () => traffic.longLived().filter(({ end }) => end === null).length === 16);
  };
  beforeEach(allOpen);
  afterAll(async () => {
    await traffic?.stop();
    await world?.close();
  }, 60_000);

  /** Waits for the end of what was open when the step began. */
  const drained = async (step: Step<unknown>): Promise<readonly number[]> => {
    const opened = new Set(step.before.map(({ kind, openedAt }) => `${kind} ${openedAt}`));
    const same = () => traffic.longLived().filter(({ kind, openedAt }) => opened.has(`${kind} ${openedAt}`));
    await until('the drain to end', () => same().every(({ end }) => end !== null), {
      timeoutMs: (drainSeconds + lateSeconds) * 1_000,
    });
    return endsAfter(step.startedAt, same());
  };
  const onAll = async (action: (machine: Machine) => Promise<unknown>): Promise<void> => {
    await Promise.all(world.machinesNow().map(action));
  };
  /** The old release leaves: its connections go on for the drain, and end then. */
  const expectDrained = async (step: Step<unknown>): Promise<void> => {
    expect(step.failures).toEqual([]);
    expect(step.requests).toBeGreaterThan(100);
    expect(step.before).toHaveLength(16);
    const ends = await drained(step);
    process.stdout.write(
      `  they ended ${ends.at(0)?.toFixed(1)} to ${ends.at(-1)?.toFixed(1)} s after the start of it\n`,
    );
    expect(ends.at(0)).toBeGreaterThan(drainSeconds);
    expect((step.startedAt + (ends.at(-1) ?? 0) * 1_000 - step.endedAt) / 1_000).toBeLessThan(
      drainSeconds + lateSeconds,
    );
    expect(traffic.lap().failures).toEqual([]);
  };

  test('a deployment loses no request, and long-lived connections end with the drain', async () => {
    const step = await underLoad(traffic, 'deploy', () => world.deployService('confirmed', setMark('one')));
    await expectDrained(step);
  });

  test('a change of the config loses no request', async () => {
    const { service } = trafficEnvironment;
    const environment = {
      ...trafficEnvironment,
      service: { ...service, config: { ...service.config, GREETING: 'changed' } },
    };
    const step = await underLoad(traffic, 'config change', () => world.deployEnvironment('confirmed', environment));
    await expectDrained(step);
    good = step.value.facts.commit;
    const version = await (await fetch(`${world.loadBalancer.url}/version`)).text();
    expect(version).toContain('"greeting":"changed"');
  });

  test('a release that never gets healthy loses no request and cuts no connection', async () => {
    const step = await underLoad(traffic, 'broken release', () =>
      world.deployService('rejected', setFault('unhealthy')),
    );
    expect(step.failures).toEqual([]);
    expect(endsAfter(step.startedAt, step.before)).toEqual([]);
  });

  test('a crash in the soak loses no request that may be sent twice, and cuts no connection of the old release', async () => {
    traffic.only('idempotent');
    await sleep(1_500);
    const step = await underLoad(traffic, 'crash in soak', () => world.deployService('rejected', setFault('crash:4')));
    traffic.only('all');
    expect(step.failures).toEqual([]);
    expect(endsAfter(step.startedAt, step.before)).toEqual([]);
  });

  test('going back loses no request', async () => {
    const there = await underLoad(traffic, 'another release', async () => {
      await world.copy.restore(good);
      return world.deployService('confirmed', setMark('two'));
    });
    await expectDrained(there);
    await allOpen();
    const step = await underLoad(traffic, 'rollback', () => world.rollBack(good));
    await expectDrained(step);
  });

  test('an agent that is killed is back, and nobody notices', async () => {
    const step = await underLoad(traffic, 'agent SIGKILL', async () => {
      await onAll((machine) => machine.must(['systemctl', 'kill', '--signal=KILL', 'slipway-agent.service']));
      await onAll((machine) => machine.until('the agent', () => isActive(machine, 'slipway-agent.service')));
    });
    expect(step.failures).toEqual([]);
    expect(endsAfter(step.startedAt, step.before)).toEqual([]);
  });

  test('S15: while the agent is stopped the proxy reloads and restarts without a lost request, and the watchdog ends it', async () => {
    const pids = new Map<string, string>();
    const stopped = await underLoad(traffic, 'agent SIGSTOP', async () => {
      await onAll(async (machine) => pids.set(machine.name, await mainPid(machine)));
      await onAll((machine) => machine.must(['kill', '-STOP', pids.get(machine.name) ?? '']));
      await sleep(3_000);
    });
    expect(stopped.failures).toEqual([]);
    const reload = await underLoad(traffic, 'HAProxy reload', () =>
      oneByOne(world.machinesNow(), (machine) => machine.must(['systemctl', 'reload', 'slipway-proxy.service'])),
    );
    expect(reload.failures).toEqual([]);
    expect(endsAfter(reload.startedAt, reload.before)).toEqual([]);
    const restart = await underLoad(traffic, 'HAProxy restart', () =>
      oneByOne(world.machinesNow(), (machine) => machine.must(['systemctl', 'restart', 'slipway-proxy.service'])),
    );
    expect(restart.failures).toEqual([]);
    const back = await underLoad(traffic, 'the watchdog', () =>
      onAll((machine) =>
        machine.until(
          'the watchdog',
          async () =>
            (await isActive(machine, 'slipway-agent.service')) && (await mainPid(machine)) !== pids.get(machine.name),
          (watchdogSeconds + 30) * 1_000,
        ),
      ),
    );
    expect(back.failures).toEqual([]);
  });

  test('a machine that is taken away is drained, and another takes its place', async () => {
    const [lost] = world.machines.hosts();
    const before = new Set(world.machines.hosts().map(({ instance }) => instance));
    const step = await underLoad(traffic, 'host loss', async () => {
      await world.cloud.terminate(lost?.instance ?? '');
      await until('its replacement', () => world.loadBalancer.healthy().some((instance) => !before.has(instance)), {
        timeoutMs: 120_000,
      });
      await until('it to be gone', () => world.lab.machines.every(({ instance }) => instance !== lost?.instance), {
        timeoutMs: 60_000,
      });
    });
    expect(step.failures).toEqual([]);
    const ends = endsAfter(step.startedAt, step.before);
    expect(ends.length).toBeGreaterThan(0);
    expect(ends.at(0)).toBeGreaterThan(drainSeconds - 1);
    expect(ends.at(-1)).toBeLessThan(drainSeconds + lateSeconds);
  });

  test('without a drain the same deployment cuts long-lived connections at once: this test would see it', async () => {
    await onAll(async (machine) => {
      await machine.must(['sed', '-i', 's/"drainSeconds":[0-9]*/"drainSeconds":0/', '/etc/slipway/agent.json']);
      await machine.must(['systemctl', 'restart', 'slipway-agent.service']);
    });
    const step = await underLoad(traffic, 'deploy without a drain', () =>
      world.deployService('confirmed', setMark('three')),
    );
    const last = (await drained(step)).at(-1) ?? 0;
    expect(step.startedAt + last * 1_000).toBeLessThan(step.endedAt + (drainSeconds / 2) * 1_000);
  });
});

/** A release that differs, and does the same. */
const setMark = (mark: string) => async (service: string) => {
  await rm(join(service, 'fault.json'), { force: true });
  await writeFile(join(service, 'MARK'), mark);
};

const setFault = (fault: string) => (service: string) =>
  writeFile(join(service, 'fault.json'), JSON.stringify({ fault }));

async function oneByOne(machines: readonly Machine[], action: (machine: Machine) => Promise<unknown>): Promise<void> {
  for (const machine of machines) await action(machine);
}

async function isActive(machine: Machine, unit: string): Promise<boolean> {
  return (await machine.run(['systemctl', 'is-active', unit])).stdout.trim() === 'active';
}

async function mainPid(machine: Machine): Promise<string> {
  return (await machine.must(['systemctl', 'show', '--property=MainPID', '--value', 'slipway-agent.service'])).trim();
}
