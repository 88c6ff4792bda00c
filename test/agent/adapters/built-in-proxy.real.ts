import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { createBuiltInProxy } from '../../../lib/agent/adapters/built-in-proxy.ts';
import { systemClock } from '../../../lib/agent/adapters/system-clock.ts';
import { makeProxySubject } from '../../support/proxy-subject.ts';
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

proxyTrafficContract('the built-in proxy', () =>
  makeProxySubject({
    kind: 'built-in',
    recordFile: 'proxy.json',
    create: (settings) => createBuiltInProxy({ settings, agentBundle, clock: systemClock }),
  }),
);
