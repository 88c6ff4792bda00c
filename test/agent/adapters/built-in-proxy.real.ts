import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { createBuiltInProxy } from '../../../lib/agent/adapters/built-in-proxy.ts';
import { systemClock } from '../../../lib/agent/adapters/system-clock.ts';
import { makeProxySubject } from '../../support/proxy-subject.ts';
import { until } from '../../support/until.ts';
import { proxyContract } from '../contract/proxy-contract.ts';
import { proxyTrafficContract } from '../contract/proxy-traffic-contract.ts';

let folder: string;
let agentBundle: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-bundle-'));
  agentBundle = join(folder, 'agent.cjs');
  await build({
    entryPoints: [join(__dirname, '../../support/built-in-proxy-entry.ts')],
    outfile: agentBundle,
    bundle: true,
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const makeSubject = (depth = '') =>
  makeProxySubject({
    depth,
    kind: 'built-in',
    recordFile: 'proxy.json',
    create: (settings) => createBuiltInProxy({ settings, agentBundle, clock: systemClock }),
  });

proxyContract('built in', () => makeSubject());
proxyTrafficContract('the built-in proxy', () => makeSubject());

const signal = (ms: number) => AbortSignal.timeout(ms);

describe('the built-in proxy on a host', () => {
  const hot = { active: 'green', backup: 'blue', healthPath: '/health' } as const;

  it('keeps to its route when it is started by itself', async () => {
    const subject = await makeSubject();
    await subject.proxy.route(hot, signal(20_000));
    await subject.killProxy();
    const file = join(subject.settings.runDirectory, 'proxy-settings.json');
    const alone = spawn(process.execPath, [agentBundle, 'proxy', '--settings', file], { stdio: 'ignore', env: {} });
    await until('the proxy', async () => (await subject.proxy.inspect(signal(5_000))).running);
    const state = await subject.proxy.inspect(signal(5_000));
    alone.kill('SIGTERM');
    const [code] = await once(alone, 'exit');
    await subject.dispose();
    expect(state).toEqual({ running: true, active: 'green', backup: 'blue' });
    expect(code).toBe(0);
  });

  it('works in folders that are too deep for a socket', async () => {
    const subject = await makeSubject('d'.repeat(150));
    await subject.proxy.route(hot, signal(20_000));
    const state = await subject.proxy.inspect(signal(5_000));
    await subject.dispose();
    expect(state).toEqual({ running: true, active: 'green', backup: 'blue' });
  });

  it('says who is to blame when its port is taken', async () => {
    const subject = await makeSubject();
    const other = createServer().listen(subject.port, '127.0.0.1');
    await once(other, 'listening');
    await expect(subject.proxy.route(hot, signal(20_000))).rejects.toMatchObject({
      code: 'proxy-not-started',
      message: expect.stringMatching(/something else listens there/),
    });
    other.close();
    await subject.dispose();
  });
});
