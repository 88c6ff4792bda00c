/** Push mode on machines: a launch template that carries another release replaces them, and a bad one never gets traffic. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../../lib/contract/environment.ts';
import { hostHealthPath } from '../../lib/contract/names.ts';
import { latestTemplate, refreshInstances } from './support/instance-refresh.ts';
import { startTraffic, type Traffic } from './support/load.ts';
import { underLoad } from './support/traffic-steps.ts';
import { until } from './support/until.ts';
import { createMachineWorld, drainSeconds, type MachineWorld, trafficEnvironment } from './support/world.ts';

const environment: Environment = {
  ...trafficEnvironment,
  hosts: { ...trafficEnvironment.hosts, min: 1 },
  delivery: { ...trafficEnvironment.delivery, mode: 'push' },
};

describe('machines whose launch template carries the release', () => {
  let world: MachineWorld;
  let traffic: Traffic;

  beforeAll(async () => {
    world = await createMachineWorld({ environment, hosts: 1 });
    await world.deployFirst();
    traffic = startTraffic({ port: world.loadBalancer.port, webSockets: 2, events: 2 });
    await until('long-lived connections', () => traffic.longLived().length === 4);
  }, 240_000);
  afterAll(async () => {
    await traffic?.stop();
    await world?.close();
  }, 60_000);

  const releaseOf = async (): Promise<string | undefined> => {
    const text = await (await fetch(`${world.loadBalancer.url}/version`)).text();
    return /"release":"([0-9a-f]+)"/.exec(text)?.[1];
  };
  /** Pushes a change of the service; resolves when the launch template has another version. The deployment ends when the machines are replaced. */
  const push = async (name: string, text: string): Promise<{ readonly deployed: Promise<unknown> }> => {
    const before = await latestTemplate(world);
    await writeFile(join(world.copy.service, name), text);
    const commit = await world.copy.commit('feat: a change');
    await world.copy.push();
    const deployed = world.runner.deployed(commit);
    await until('another launch template', async () => (await latestTemplate(world)) !== before, { timeoutMs: 60_000 });
    return { deployed };
  };

  test('a new release boots machines beside the old ones and gets traffic when they are healthy; no request is lost', async () => {
    const old = await releaseOf();
    const step = await underLoad(traffic, 'push: replacement', async () => {
      const { deployed } = await push('MARK', 'one');
      const refresh = await refreshInstances(world, { healthyWithinMs: 120_000 });
      await deployed;
      return refresh;
    });
    expect(step.value.outcome).toBe('replaced');
    expect(step.failures).toEqual([]);
    expect(await releaseOf()).not.toBe(old);
    const ends = step.before.map(({ end }) => end);
    expect(ends.every((end) => end !== null && (end.at - step.startedAt) / 1_000 > drainSeconds)).toBe(true);
  });

  test('a bad pinned release answers 503, never gets a request, and the old machines go on', async () => {
    const good = await releaseOf();
    const step = await underLoad(traffic, 'push: a bad release', async () => {
      await push('fault.json', JSON.stringify({ fault: 'unhealthy' }));
      const refreshing = refreshInstances(world, { healthyWithinMs: 30_000 });
      const old = new Set(world.machinesNow().map(({ instance }) => instance));
      const fresh = await until('a new machine', () => world.machinesNow().find(({ instance }) => !old.has(instance)));
      const health = `http://${fresh.address}:${environment.service.port}${hostHealthPath}`;
      const status = await fresh.until(
        'its proxy',
        async () => (await fetch(health).catch(() => null))?.status,
        50_000,
      );
      return { status, refresh: await refreshing };
    });
    expect(step.value.status).toBe(503);
    expect(step.value.refresh.outcome).toBe('rolled-back');
    expect(step.failures).toEqual([]);
    expect(step.before.every(({ end }) => end === null)).toBe(true);
    expect(await releaseOf()).toBe(good);
  });
});
