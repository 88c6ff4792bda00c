/** The agent as its bundle, against the emulator, with real processes: what the fakes cannot show. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { build } from 'esbuild';
import type { AgentSettings } from '../../lib/contract/agent-settings.ts';
import { sha256 } from '../../lib/contract/canonical-json.ts';
import { type DesiredState, serializeDesiredState } from '../../lib/contract/desired-state.ts';
import { type HostStatus, parseHostStatus } from '../../lib/contract/host-status.ts';
import { blobKey, desiredStateKey, releaseKey, statusKey } from '../../lib/contract/names.ts';
import { serializeReleaseManifest } from '../../lib/contract/release-manifest.ts';
import { archive } from '../support/archive.ts';
import { desiredState, releaseManifest } from '../support/documents.ts';
import { freePorts } from '../support/free-ports.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';

const bucket = 'slipway-hello-dev-123456789012';
const config = JSON.stringify({ COLOUR: 'red' });
const awsSecret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const awsToken = 'IQoJb3JpZ2luX2VjEXAMPLETOKEN';
const password = 'hunter2-of-the-service';
const rollout = { canaries: 0, waves: [100], soakSeconds: 2, haltAfter: 1, pollSeconds: 1 };

const good = (name: string): string => `
  const server = require('node:http').createServer((request, response) => response.end('${name} ' + process.env.COLOUR));
  server.keepAliveTimeout = 90_000;
  server.listen(Number(process.env.PORT), process.env.HOST);
  process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeIdleConnections(); });`;
/** It tells its secret as it dies. */
const crashing = `${good('crashing')}
  setTimeout(() => { console.error('out of luck with ' + process.env.PASSWORD); process.exit(7); }, 1500);`;

let folder: TemporaryFolder;
let moto: Moto;
let clients: { readonly s3: S3Client; readonly ssm: SSMClient };
let settings: AgentSettings;
let bundle: string;
let agent: ChildProcess | null = null;
let generation = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  moto = await startMoto();
  const shared = { region: 'us-east-1', endpoint: moto.endpoint };
  clients = { s3: new S3Client({ ...shared, forcePathStyle: true }), ssm: new SSMClient(shared) };
  bundle = join(folder.path, 'agent.cjs');
  await build({
    entryPoints: [join(__dirname, '../../bin/agent.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'silent',
  });
  const [port = 0, blue = 0, green = 0] = await freePorts(3);
  settings = {
    schema: 1,
    service: 'hello',
    environment: 'dev',
    region: 'us-east-1',
    bucket,
    host: 'AROAEXAMPLE:i-1',
    stateDirectory: join(folder.path, 'state'),
    runDirectory: join(folder.path, 'run'),
    listen: { address: '127.0.0.1', port },
    slots: { address: '127.0.0.1', blue, green },
    proxy: 'built-in',
    supervisor: 'process',
    drainSeconds: 1,
    pinned: null,
  };
  await mkdir(settings.stateDirectory);
  await mkdir(settings.runDirectory);
  await writeFile(join(folder.path, 'settings.json'), JSON.stringify(settings));
  await clients.s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const secret = { Name: '/hello/dev/secret/PASSWORD', Value: password, Type: 'SecureString' } as const;
  await clients.ssm.send(new PutParameterCommand(secret));
  await clients.ssm.send(new PutParameterCommand({ Name: '/hello/dev/config', Value: config, Type: 'String' }));
});

afterAll(async () => {
  agent?.kill('SIGKILL');
  await killRecorded();
  await moto.stop();
  await folder.remove();
});

/** What outlives the agent: the slots and the proxy. */
async function killRecorded(): Promise<void> {
  for (const name of ['slot-blue.json', 'slot-green.json', 'proxy.json']) {
    const text = await readFile(join(settings.runDirectory, name), 'utf8').catch(() => '');
    const pid = Number(/"pid":(\d+)/.exec(text)?.[1] ?? 0);
    if (pid === 0) continue;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}

async function put(key: string, body: string | Buffer): Promise<void> {
  await clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
}

async function putBlob(bytes: Buffer): Promise<{ readonly sha256: string; readonly size: number }> {
  const digest = sha256(bytes);
  await put(blobKey(digest), bytes);
  return { sha256: digest, size: bytes.length };
}

async function deploy(source: string): Promise<DesiredState> {
  const start = `#!/bin/sh\nexec ${process.execPath} "$@"\n`;
  const { os, cpu, version } = { ...releaseManifest().runtime, os: platformOf(), cpu: cpuOf() };
  const node = await archive([{ name: 'package/bin/node', content: start, mode: 0o755 }]);
  const runtime = { os, cpu, version, ...(await putBlob(node)) };
  const app = await putBlob(await archive([{ name: 'server.js', content: source, mode: 0o644 }]));
  const manifest = serializeReleaseManifest(releaseManifest({ runtime, app, start: ['node', 'server.js'] }));
  await put(releaseKey(manifest.digest), manifest.bytes);
  generation += 1;
  const pinned = { parameter: '/hello/dev/config', version: 1, sha256: sha256(config) };
  const secrets = [{ name: 'PASSWORD', parameter: '/hello/dev/secret/PASSWORD', version: 1 }];
  const state = desiredState({ generation, release: manifest.digest, config: pinned, secrets, rollout });
  await put(desiredStateKey, serializeDesiredState(state));
  return state;
}

function platformOf(): 'linux' | 'darwin' {
  return process.platform === 'darwin' ? 'darwin' : 'linux';
}

function cpuOf(): 'x64' | 'arm64' {
  return process.arch === 'arm64' ? 'arm64' : 'x64';
}

/** All that agents wrote. */
let log = '';

function startAgent(): ChildProcess {
  const credentials = { AWS_SECRET_ACCESS_KEY: awsSecret, AWS_SESSION_TOKEN: awsToken };
  const environment = { ...process.env, ...credentials, AWS_ENDPOINT_URL: moto.endpoint };
  const args = [bundle, '--settings', join(folder.path, 'settings.json')];
  const started = spawn(process.execPath, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [started.stdout, started.stderr])
    stream.on('data', (chunk: Buffer) => (log += chunk.toString()));
  return started;
}

/** Ports of any interface that the process itself listens on. */
async function portsOf(pid: number): Promise<readonly string[]> {
  const names = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  const tables = await Promise.all(['tcp', 'tcp6', 'udp', 'udp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8')));
  const entries = tables.flatMap((table) => table.split('\n').slice(1)).map((line) => line.trim().split(/\s+/));
  // proc(5): the fourth column is the state, 0A listening, 07 what a bound datagram socket has; the tenth the inode.
  const open = entries.filter(([, , , state = '']) => ['0A', '07'].includes(state));
  return open.flatMap(([, local = '', , , , , , , , inode]) => (links.includes(`socket:[${inode}]`) ? [local] : []));
}

async function status(): Promise<HostStatus | null> {
  try {
    const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: bucket, Key: statusKey(settings.host) }));
    return parseHostStatus((await Body?.transformToString()) ?? '');
  } catch {
    return null;
  }
}

async function outcome(wanted: HostStatus['outcome']): Promise<HostStatus> {
  return await until(
    `generation ${generation} to be ${wanted}`,
    async () => {
      const seen = await status();
      return seen?.generation === generation && seen.outcome === wanted ? seen : null;
    },
    60_000,
  );
}

async function ask(): Promise<string> {
  return await fetch(`http://127.0.0.1:${settings.listen.port}/`).then(
    (response) => response.text(),
    (error: unknown) => String(error),
  );
}

const answers = (text: string) => until(`the answer '${text}'`, async () => (await ask()) === text, 30_000);

test('V6, V7: a host comes up, changes, rejects, survives the death of its agent, and heals', async () => {
  agent = startAgent();
  await deploy(good('one'));
  await answers('one red');
  await outcome('converged');

  const load = { answers: new Set<string>(), stop: false };
  const loading = (async () => {
    while (!load.stop) load.answers.add(await ask());
  })();

  await deploy(good('two'));
  await answers('two red');
  agent.kill('SIGKILL');
  await once(agent, 'exit');
  agent = startAgent();
  await outcome('converged');

  await deploy(crashing);
  const rejected = await outcome('rejected');
  expect(rejected.rejected.at(-1)).toMatchObject({ reason: 'exited', detail: expect.stringContaining('out of luck') });
  await answers('two red');
  // V6; only Linux tells whose a socket is.
  if (process.platform === 'linux') expect(await portsOf(agent.pid ?? 0)).toEqual([]);

  load.stop = true;
  await loading;
  expect([...load.answers].sort()).toEqual(['crashing red', 'one red', 'two red']);

  expect(rejected.serving?.slot).toBe('green');
  const record = await readFile(join(settings.runDirectory, 'slot-green.json'), 'utf8');
  process.kill(-Number(/"pid":(\d+)/.exec(record)?.[1]), 'SIGKILL');
  await until('the repair to be reported', async () => (await status())?.healed.length === 1, 30_000);
  await answers('two red');

  const second = startAgent();
  expect(await once(second, 'exit')).toEqual([3, null]);

  agent.kill('SIGTERM');
  expect(await once(agent, 'exit')).toEqual([0, null]);
  expect(await ask()).toBe('two red');

  // V7
  const lines = log.trim().split('\n');
  expect(lines.length).toBeGreaterThan(20);
  for (const line of lines.filter((line) => line.startsWith('{'))) expect(() => JSON.parse(line)).not.toThrow();
  for (const secret of [awsSecret, awsToken, password]) expect(log).not.toContain(secret);
  expect(log).toContain('out of luck with');
});
