/**
 * What the agent costs a machine: its resident memory over 10,000 polls, after it has brought a release up, and its processor time
 * while nothing changes. The real agent, on the pinned runtime, over TLS, with a service and HAProxy (else the built-in proxy).
 * Fails above 64 MB, above 0.5 % of a core, and when memory grows.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHash } from 'node:crypto';
import runtime from '../environments/runtime.json';
import type { AgentSettings } from '../lib/contract/agent-settings.ts';
import { canonicalJson, sha256 } from '../lib/contract/canonical-json.ts';
import { serializeDesiredState } from '../lib/contract/desired-state.ts';
import { blobKey, desiredStateKey, releaseKey } from '../lib/contract/names.ts';
import { serializeReleaseManifest } from '../lib/contract/release-manifest.ts';
import { compileAgent } from '../lib/delivery/agent-bundle.ts';
import { runtimeBlob } from '../lib/delivery/runtime-blob.ts';
import { archive } from '../test/support/archive.ts';
import { desiredState, releaseManifest } from '../test/support/documents.ts';
import { freePorts } from '../test/support/free-ports.ts';
import { type AwsStandIn, startAwsStandIn } from './footprint/aws-stand-in.ts';

const root = join(__dirname, '..');
const samples = [1_000, 5_000, 10_000];
const allowedKilobytes = 64 * 1024;
/** What collections differ by; a leak of 1 kB for each poll would be 5 MB. */
const allowedGrowthKilobytes = 3 * 1024;
const allowedPercent = 0.5;
const pollSeconds = 5;
const idleSeconds = 60;
/** V8 collects what a hurry left once half a minute was quiet, as all of the agent's life is. */
const settleSeconds = 60;
const host = 'AROAEXAMPLE:i-0123456789abcdef0';
const bucket = 'slipway-hello-dev-123456789012';
const config = '{"COLOUR":"red"}';
const service = `
  const server = require('node:http').createServer((request, response) => response.end('hello'));
  server.keepAliveTimeout = 90_000;
  server.listen(Number(process.env.PORT), process.env.HOST);`;
/** As the agent's unit starts it. */
const unit = readFileSync(join(root, 'lib/infra/assets/host/slipway-agent.service'), 'utf8');
const nodeFlags =
  /^ExecStart=\S+\/node (.*?)\/opt\/slipway\/agent\.cjs/m.exec(unit)?.[1]?.split(' ').filter(Boolean) ?? [];
const unitVariables = Object.fromEntries(
  [...unit.matchAll(/^Environment=(\w+)=(\S+)$/gm)].map(([, name = '', value = '']) => [name, value]),
);

async function until(what: string, isSo: () => boolean, seconds: number): Promise<void> {
  const endsMs = performance.now() + seconds * 1_000;
  while (!isSo()) {
    if (performance.now() > endsMs) throw new Error(`waiting for ${what}: not within ${seconds} s`);
    await sleep(20);
  }
}

function memoryOf(pid: number | undefined) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  return { resident: kilobytes('VmRSS'), anonymous: kilobytes('RssAnon') };
}

/** Of the process and of the children that it has waited for; the kernel counts hundredths. */
function processorSeconds(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

/** The answer is the file of the runtime. */
async function publish(aws: AwsStandIn): Promise<string> {
  const cpu = process.arch === 'arm64' ? 'arm64' : 'x64';
  const blob = await runtimeBlob({
    pins: runtime,
    platform: `linux-${cpu}`,
    cacheDirectory: join(root, '.slipway/cache'),
    variables: process.env,
    progress: ({ message }) => console.error(message),
    signal: AbortSignal.timeout(300_000),
  });
  const app = await archive([{ name: 'server.js', content: service, mode: 0o644 }]);
  const appDigest = createHash('sha256').update(app).digest('hex');
  const manifest = serializeReleaseManifest(
    releaseManifest({
      runtime: { version: runtime.version, os: 'linux', cpu, sha256: blob.sha256, size: blob.size },
      app: { sha256: appDigest, size: app.length },
      start: ['node', 'server.js'],
    }),
  );
  aws.objects.set(blobKey(blob.sha256), readFileSync(blob.path));
  aws.objects.set(blobKey(appDigest), app);
  aws.objects.set(releaseKey(manifest.digest), Buffer.from(manifest.bytes));
  aws.parameters.set('/hello/dev/config:1', config);
  const state = desiredState({
    release: manifest.digest,
    config: { parameter: '/hello/dev/config', version: 1, sha256: sha256(config) },
    rollout: { canaries: 0, waves: [100], soakSeconds: 1, haltAfter: 1, pollSeconds },
  });
  aws.objects.set(desiredStateKey, Buffer.from(serializeDesiredState(state)));
  return blob.path;
}

async function settingsIn(folder: string): Promise<AgentSettings> {
  const [port = 0, blue = 0, green = 0] = await freePorts(3);
  const directory = (name: string) => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  };
  return {
    schema: 1,
    service: 'hello',
    environment: 'dev',
    region: 'eu-central-1',
    bucket,
    host,
    stateDirectory: directory('state'),
    runDirectory: directory('run'),
    listen: { address: '127.0.0.1', port },
    slots: { address: '127.0.0.1', blue, green },
    proxy: spawnSync('haproxy', ['-v']).status === 0 ? 'haproxy' : 'built-in',
    supervisor: 'process',
    drainSeconds: 1,
    pinned: null,
  };
}

/** What outlives the agent: the slots and the proxy. */
function endRecorded({ runDirectory }: AgentSettings): void {
  for (const name of ['slot-blue.json', 'slot-green.json', 'proxy.json', 'haproxy.json']) {
    const file = join(runDirectory, name);
    const pid = existsSync(file) ? Number(/"pid":(\d+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? 0) : 0;
    if (pid > 0) spawnSync('kill', ['-9', '--', `-${pid}`]);
  }
}

interface Stage {
  readonly folder: string;
  readonly node: string;
  readonly settings: AgentSettings;
  readonly aws: AwsStandIn;
}

async function withAgent<T>(
  stage: Stage,
  bundle: string,
  args: readonly string[],
  work: (agent: ChildProcess) => Promise<T>,
) {
  const { aws, node, folder } = stage;
  const environment = {
    ...unitVariables,
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    AWS_SESSION_TOKEN: 'x'.repeat(800),
    NODE_EXTRA_CA_CERTS: aws.certificateFile,
    PATH: process.env['PATH'],
  };
  const flags = process.env['BENCH_NODE_FLAGS']?.split(' ').filter(Boolean) ?? nodeFlags;
  const agent = spawn(node, [...flags, bundle, ...args], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', process.env['BENCH_LOG'] ? 'inherit' : 'ignore', 'inherit'],
  });
  try {
    await until('the agent to converge', () => aws.statusOf(host)?.outcome === 'converged', 60);
    return await work(agent);
  } finally {
    agent.kill('SIGKILL');
    if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit');
  }
}

async function memory(stage: Stage): Promise<boolean> {
  const { aws, folder, settings } = stage;
  const bundle = join(folder, 'hasty-agent.cjs');
  writeFileSync(bundle, await compileAgent(root, join('bench', 'footprint', 'hasty-agent.ts')));
  const settingsFile = join(folder, 'settings.json');
  writeFileSync(settingsFile, canonicalJson(settings));
  return await withAgent(stage, bundle, [settingsFile], async (agent) => {
    const seen: number[] = [];
    console.log(`memory after its first deployment   ${show(memoryOf(agent.pid))}`);
    const before = aws.polls();
    for (const polls of samples) {
      agent.kill('SIGUSR2');
      await until(`${polls} polls`, () => aws.polls() - before >= polls, 900);
      console.log(`meanwhile, in a hurry               ${show(memoryOf(agent.pid))}`);
      agent.kill('SIGUSR2');
      await sleep(settleSeconds * 1_000);
      const found = memoryOf(agent.pid);
      seen.push(found.resident);
      console.log(`memory after ${String(polls).padStart(6)} polls           ${show(found)}`);
    }
    const growth = (seen.at(-1) ?? Infinity) - Math.max(...seen.slice(0, -1));
    console.log(`the last, over the most before it   ${growth} kB`);
    return Math.max(...seen) <= allowedKilobytes && growth <= allowedGrowthKilobytes;
  });
}

const show = ({ resident, anonymous }: ReturnType<typeof memoryOf>) =>
  `${(resident / 1024).toFixed(1)} MB resident, of it ${(anonymous / 1024).toFixed(1)} MB anonymous`;

async function processor(stage: Stage): Promise<boolean> {
  const bundle = join(stage.folder, 'agent.cjs');
  writeFileSync(bundle, await compileAgent(root));
  return await withAgent(stage, bundle, ['--settings', join(stage.folder, 'settings.json')], async (agent) => {
    await sleep(10_000);
    const before = processorSeconds(agent.pid);
    await sleep(idleSeconds * 1_000);
    const percent = ((processorSeconds(agent.pid) - before) / idleSeconds) * 100;
    console.log(
      `idle, a poll every ${pollSeconds} s             ${percent.toFixed(2)} % of a core (at most ${allowedPercent})`,
    );
    console.log(`memory of the real agent meanwhile  ${show(memoryOf(agent.pid))}`);
    return percent <= allowedPercent && memoryOf(agent.pid).resident <= allowedKilobytes;
  });
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-footprint-'));
  const settings = await settingsIn(folder);
  const aws = await startAwsStandIn(folder, bucket);
  try {
    const runtimeFile = await publish(aws);
    execFileSync('tar', ['-xzf', runtimeFile, 'package/bin/node'], { cwd: folder });
    const stage = { folder, node: join(folder, 'package/bin/node'), settings, aws };
    console.log(`node ${runtime.version} ${nodeFlags.join(' ')}, ${settings.proxy}, supervisor ${settings.supervisor}`);
    const isSmall = await memory(stage);
    const isIdle = await processor(stage);
    if (!isSmall || !isIdle) process.exitCode = 1;
  } finally {
    endRecorded(settings);
    await aws.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

void main();
