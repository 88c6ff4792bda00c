import { spawn, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createHaproxy } from '../../../lib/agent/adapters/haproxy.ts';
import { configFileName, haproxyConfig, haproxyMap, mapFileName } from '../../../lib/agent/adapters/haproxy-config.ts';
import { systemClock } from '../../../lib/agent/adapters/system-clock.ts';
import type { Route } from '../../../lib/agent/ports.ts';
import { agentSettings } from '../../support/documents.ts';
import { once, startLoad } from '../../support/http-load.ts';
import { makeProxySubject } from '../../support/proxy-subject.ts';
import { makeProxyUnitSubject } from '../../support/proxy-unit.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';
import { proxyContract } from '../contract/proxy-contract.ts';
import { proxyTrafficContract } from '../contract/proxy-traffic-contract.ts';

const installed = spawnSync('haproxy', ['-v']).status === 0;

const makeSubject = (depth = '') =>
  makeProxySubject({
    depth,
    kind: 'haproxy',
    recordFile: 'haproxy.json',
    create: (settings) => createHaproxy({ settings, clock: systemClock, control: null }),
  });

if (installed || process.env['CI']) {
  proxyContract('HAProxy', () => makeSubject());
  proxyTrafficContract('HAProxy', () => makeSubject());
  describe('HAProxy on a host', haproxySuite);
  proxyContract('HAProxy as a unit', makeProxyUnitSubject);
  describe('HAProxy as a unit, under load', unitSuite);
} else {
  describe.skip('SKIPPED: haproxy is not on the PATH; apt-get install haproxy (or dnf) runs this suite', () => {
    it('needs haproxy', () => undefined);
  });
}

const signal = () => AbortSignal.timeout(20_000);

function haproxySuite(): void {
  const hot = { active: 'green', backup: 'blue', healthPath: '/health' } as const;
  const routes: readonly Route[] = [
    { active: null, backup: null, healthPath: null },
    { active: 'blue', backup: null, healthPath: '/health?a=1&b=%20' },
    hot,
  ];

  it.each(routes)('V2: has a configuration that haproxy -c finds nothing wrong with: %j', async (route) => {
    const folder = await temporaryFolder();
    const { listen, slots } = agentSettings();
    const props = {
      listen,
      slots,
      socket: { path: join(folder.path, 'with space', 'haproxy.sock'), mode: '600' },
    } as const;
    const { active, healthPath } = route;
    const map = { active: active ?? 'none', blue: healthPath ?? '/', green: '/' } as const;
    await writeFile(join(folder.path, configFileName), haproxyConfig(props, route));
    await writeFile(join(folder.path, mapFileName), haproxyMap(map));
    const check = spawnSync('haproxy', ['-c', '-f', configFileName], { cwd: folder.path, encoding: 'utf8' });
    await folder.remove();
    expect(`${check.stdout}${check.stderr}`).not.toMatch(/WARNING|ALERT/);
    expect(check.status).toBe(0);
  });

  it('V2: has a configuration for units that haproxy -c finds nothing wrong with', async () => {
    const subject = await makeProxyUnitSubject();
    await subject.proxy.route(hot, signal());
    const { status, said } = await subject.check();
    await subject.dispose();
    expect(said).not.toMatch(/WARNING|ALERT/);
    expect(status).toBe(0);
  });

  it('comes back by itself as it was last routed, from the files alone', async () => {
    const subject = await makeSubject();
    await subject.startSlot('blue');
    await subject.startSlot('green');
    await subject.proxy.route({ active: 'blue', backup: null, healthPath: '/health' }, signal());
    await subject.proxy.route(hot, signal());
    await subject.killProxy();
    const cwd = join(subject.settings.stateDirectory, 'proxy');
    const alone = spawn('haproxy', ['-W', '-db', '-f', configFileName], { cwd, stdio: 'ignore' });
    await until('the proxy', async () => (await subject.proxy.inspect(signal())).running);
    expect(await subject.proxy.inspect(signal())).toEqual({ running: true, active: 'green', backup: 'blue' });
    const answer = await once({ port: subject.port, agent: false, method: 'GET', path: '/' });
    alone.kill('SIGTERM');
    await new Promise((resolve) => alone.once('exit', resolve));
    await subject.dispose();
    expect(answer.text).toBe('green');
  });

  it('loads a new layout without losing a request, and keeps the route', async () => {
    const subject = await makeSubject();
    await subject.startSlot('blue');
    await subject.startSlot('green');
    await subject.proxy.route(hot, signal());
    const config = join(subject.settings.stateDirectory, 'proxy', configFileName);
    const master = join(subject.settings.runDirectory, 'haproxy.json');
    const before = await readFile(master, 'utf8');
    const load = startLoad({ port: subject.port, workers: 8, methods: ['GET', 'POST'] });
    await until('requests', () => load.requests() > 100);
    await writeFile(config, (await readFile(config, 'utf8')).replace(/Layout \w+/, 'Layout of an older agent'));
    await subject.proxy.route(hot, signal());
    const logFile = join(subject.settings.stateDirectory, 'logs', 'haproxy.log');
    await until('the reload', async () =>
      /Loading success[\s\S]*Loading success/.test(await readFile(logFile, 'utf8')),
    );
    const target = load.requests() + 300;
    await until('more requests', () => load.requests() > target);
    const result = await load.stop();
    const state = await subject.proxy.inspect(signal());
    const after = await readFile(master, 'utf8');
    await subject.dispose();
    expect(result.failed).toEqual({});
    expect(result.answers).toEqual({ green: expect.any(Number) });
    expect(state).toEqual({ running: true, active: 'green', backup: 'blue' });
    expect(after).toBe(before);
  });

  it('works in folders that are too deep for a socket, and says so where it cannot', async () => {
    const subject = await makeSubject('d'.repeat(90));
    await subject.proxy.route(hot, signal());
    const state = await subject.proxy.inspect(signal());
    await subject.dispose();
    expect(state.running).toBe(true);
    const settings = agentSettings({ runDirectory: `/${'r'.repeat(120)}`, stateDirectory: '/state' });
    expect(() => createHaproxy({ settings, clock: systemClock, control: null })).toThrow(
      expect.objectContaining({ code: 'path-too-long' }),
    );
  });

  it('says who is to blame when its port is taken', async () => {
    const subject = await makeSubject();
    const other = createServer().listen(subject.port, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    await expect(subject.proxy.route(hot, signal())).rejects.toMatchObject({
      code: 'proxy-not-started',
      message: expect.stringMatching(/already in use|cannot bind/i),
    });
    other.close();
    await subject.dispose();
  });
}

/** Sixty-four clients that pause for milliseconds: the moment in which a connection ends meets the next request of some. */
function unitSuite(): void {
  const route = { active: 'green', backup: null, healthPath: '/health' } as const;
  const rounds = 4;
  let subject: Awaited<ReturnType<typeof makeProxyUnitSubject>>;
  beforeEach(async () => {
    subject = await makeProxyUnitSubject();
    await subject.startSlot('green');
    await subject.proxy.route(route, signal());
  });
  afterEach(() => subject.dispose());

  const failedOver = async (what: 'restart' | 'reload'): Promise<Readonly<Record<string, number>>> => {
    const load = startLoad({ port: subject.port, workers: 64, methods: ['GET', 'POST', 'GET'], thinkMs: 5 });
    for (let round = 0; round < rounds; round += 1) {
      const target = load.requests() + 1_000;
      await until('more requests', () => load.requests() >= target);
      await subject[what]();
    }
    const target = load.requests() + 1_000;
    await until('more requests', () => load.requests() >= target);
    return (await load.stop()).failed;
  };
  const without = async (line: string): Promise<void> => {
    const config = join(subject.settings.stateDirectory, 'proxy', configFileName);
    const text = await readFile(config, 'utf8');
    expect(text).toContain(line);
    await writeFile(config, text.replace(line, ''));
    await subject.restart();
  };

  it.each(['restart', 'reload'] as const)('a %s loses no request', async (what) => {
    expect(await failedOver(what)).toEqual({});
    expect(await subject.proxy.inspect(signal())).toEqual({ running: true, active: 'green', backup: null });
  });

  it.each(['restart', 'reload'] as const)(
    'without idle-close-on-response a %s loses some: this load would see it',
    async (what) => {
      await without('option idle-close-on-response');
      const failed = Object.values(await failedOver(what)).reduce((sum, one) => sum + one, 0);
      expect(failed).toBeGreaterThan(5);
    },
  );

  it('a restart waits four seconds at most for clients that send nothing, and refuses nobody meanwhile', async () => {
    const idle = connect({ host: '127.0.0.1', port: subject.port });
    idle.on('error', () => undefined);
    idle.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => idle.once('data', resolve));
    const startedMs = performance.now();
    const restarted = subject.restart();
    const answer = once({ port: subject.port, agent: false, method: 'GET', path: '/' });
    await restarted;
    expect(performance.now() - startedMs).toBeLessThan(6_000);
    expect((await answer).text).toBe('green');
    idle.destroy();
  });
}
