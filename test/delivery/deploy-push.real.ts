import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { DescribeLaunchTemplateVersionsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { environments, service } from '../../environments/index.ts';
import { sha256 } from '../../lib/contract/canonical-json.ts';
import { parseDeploymentRecord } from '../../lib/contract/deployment-record.ts';
import { parseDesiredState, pinsOf, revisionOf } from '../../lib/contract/desired-state.ts';
import type { Environment } from '../../lib/contract/environment.ts';
import type { HostStatus } from '../../lib/contract/host-status.ts';
import { serializeHostStatus } from '../../lib/contract/host-status.ts';
import { parseInfrastructureRecord } from '../../lib/contract/infrastructure-record.ts';
import {
  deploymentKey,
  desiredStateKey,
  infrastructureRecordKey,
  statusKey,
  storeBucketName,
} from '../../lib/contract/names.ts';
import { serializeReleaseManifest } from '../../lib/contract/release-manifest.ts';
import { type Assembly, readAssembly } from '../../lib/delivery/assembly.ts';
import type { Build } from '../../lib/delivery/build.ts';
import { runCdk } from '../../lib/delivery/cdk.ts';
import { deploy } from '../../lib/delivery/deploy.ts';
import type { DeployOptions } from '../../lib/delivery/deployment.ts';
import { findInService } from '../../lib/delivery/in-service.ts';
import type { ProgressEvent } from '../../lib/delivery/progress.ts';
import { openStore } from '../../lib/delivery/s3-store.ts';
import { readStatus } from '../../lib/delivery/status.ts';
import { slipwayApp } from '../../lib/infra/app.ts';
import { readUserData } from '../../lib/rehearsal/user-data.ts';
import { hostStatus, releaseManifest, runtimePins } from '../support/documents.ts';
import { type Moto, startMoto } from '../support/moto.ts';

const root = join(__dirname, '..', '..');
const { account, region } = environments.dev;
const push: Environment = { ...environments.dev, delivery: { ...environments.dev.delivery, mode: 'push' } };
const pull: Environment = { ...environments.dev, delivery: { ...environments.dev.delivery, mode: 'pull' } };
const { signal } = new AbortController();
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const bucket = storeBucketName({ service, environment: 'dev', account, region });

let moto: Moto;
let folder: string;
let pushed: Assembly;
let pulled: Assembly;
let told: ProgressEvent[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-push-'));
  moto = await startMoto({ account });
  const call = { repository: root, variables: variables(), signal, progress: () => undefined };
  await runCdk(['bootstrap', `aws://${account}/${region}`], { ...call, step: 'stacks' });
  pushed = await assemblyOf('push', push);
  pulled = await assemblyOf('pull', pull);
});
afterAll(async () => {
  await moto.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  told = [];
});

async function assemblyOf(name: string, environment: Environment): Promise<Assembly> {
  const directory = join(folder, name);
  const props = { service, environments: [environment], bundleSha256: sha256('bundle'), runtime: runtimePins() };
  slipwayApp({ ...props, outdir: directory, isValidated: false }).synth();
  if (environment.delivery.mode === 'pull') keepParameters(join(directory, 'assembly-dev'));
  return readAssembly({ directory, environment: 'dev', service });
}

/** The emulator fails where an update takes parameters away: here they stay, unused. */
function keepParameters(directory: string): void {
  const file = readdirSync(directory).find((name) => /Service.*\.template\.json$/.test(name)) ?? '';
  const path = join(directory, file);
  const unused = { Release: { Type: 'String', Default: '' }, ConfigVersion: { Type: 'Number', Default: 0 } };
  writeFileSync(path, readFileSync(path, 'utf8').replace('{', `{"Parameters":${JSON.stringify(unused)},`));
}

const aws = () => ({ region, endpoint: moto.endpoint, credentials });
const store = () => openStore(bucket, aws());
const inService = () =>
  findInService({ service, environment: 'dev', aws: aws(), progress: (event) => void told.push(event) });
const read = async () => ({
  desired: (await store().read(desiredStateKey, parseDesiredState, signal))?.value,
  infrastructure: (await store().read(infrastructureRecordKey, parseInfrastructureRecord, signal))?.value,
});
const cdkCalls = (): readonly string[] =>
  told
    .filter(({ step, message }) => step === 'stacks' && /deploying\.\.\./.test(message))
    .map(({ message }) => message);

function variables() {
  return {
    ...process.env,
    AWS_ENDPOINT_URL: moto.endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
}

function file(text: string) {
  const path = join(folder, sha256(text));
  writeFileSync(path, text);
  return { path, sha256: sha256(text), size: text.length };
}

function built(name: string): Build {
  const files = { app: file(`app ${name}`), runtime: file('runtime') };
  const { app, runtime } = files;
  const manifest = releaseManifest({
    service,
    app: { sha256: app.sha256, size: app.size },
    runtime: {
      version: '26.10.0',
      os: 'linux',
      cpu: push.hosts.architecture,
      sha256: runtime.sha256,
      size: runtime.size,
    },
  });
  const { bytes, digest } = serializeReleaseManifest(manifest);
  const commit = sha256(name).slice(0, 40);
  return { digest, manifest, manifestBytes: bytes, files, commit, tree: commit, cached: false, seconds: 0 };
}

const contents = Buffer.from('// bundle');
const options = (build: Build, change: Partial<DeployOptions> = {}): DeployOptions => ({
  repository: root,
  service,
  environment: push,
  aws: aws(),
  variables: variables(),
  build,
  platform: null,
  agent: { contents, size: contents.length, sha256: sha256(contents) },
  assembly: pushed,
  by: 'ada',
  retry: false,
  wait: { timeoutMs: 30_000, intervalMs: 50, instances: inService() },
  signal,
  progress: (event) => {
    told.push(event);
    // What the new machines do at once: all that the group has in service when CloudFormation is done.
    if (event.step === 'stacks' && event.message.startsWith('✅')) void reportAll();
  },
  ...change,
});

async function reportAll(): Promise<void> {
  const generation = (await read()).desired?.generation;
  for (const instance of await group()) if (generation !== undefined) await report(instance, { generation });
}

async function report(instance: string, change: Partial<HostStatus>): Promise<void> {
  const status = hostStatus({ environment: 'dev', service, host: `AROAEXAMPLE:${instance}`, rejected: [], ...change });
  const found = await store().read(statusKey(status.host), (text) => text, signal);
  const expected = { etag: found?.etag ?? null, by: status.host };
  await store().compareAndSwap(statusKey(status.host), serializeHostStatus(status), expected, signal);
}

async function group(): Promise<readonly string[]> {
  const client = new AutoScalingClient(aws());
  const { AutoScalingGroups = [] } = await client.send(new DescribeAutoScalingGroupsCommand({}));
  return AutoScalingGroups.flatMap(({ Instances = [] }) => Instances.flatMap(({ InstanceId }) => InstanceId ?? []));
}

/** What the launch template pins a new machine to. The emulator's group stays at the version that it began with. */
async function pinned(): Promise<unknown> {
  const groups = await new AutoScalingClient(aws()).send(new DescribeAutoScalingGroupsCommand({}));
  const template = groups.AutoScalingGroups?.[0]?.LaunchTemplate;
  const command = new DescribeLaunchTemplateVersionsCommand({
    LaunchTemplateId: template?.LaunchTemplateId ?? '',
    Versions: ['$Latest'],
  });
  const { LaunchTemplateVersions = [] } = await new EC2Client(aws()).send(command);
  const userData = Buffer.from(LaunchTemplateVersions[0]?.LaunchTemplateData?.UserData ?? '', 'base64').toString();
  return readUserData(userData, 'i-0').settings.pinned;
}

/** A CDK CLI that ends as CloudFormation made it end. */
function failingCdk(name: string, line: string): string {
  const repository = join(folder, name);
  const bin = join(repository, 'node_modules', 'aws-cdk', 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'cdk'), `console.error(${JSON.stringify(line)}); process.exitCode = 1;`);
  return repository;
}

test('the first deploy brings all stacks, and machines whose user data carries the release and the config version', async () => {
  const build = built('one');
  const done = await deploy(options(build));
  expect(done).toMatchObject({ kind: 'finished', stacks: 'deployed' });
  expect(done.record).toMatchObject({ outcome: 'confirmed', generation: 1, hosts: { converged: 1 } });
  expect(await pinned()).toEqual(pinsOf(done.desired));
  const { infrastructure } = await read();
  expect(infrastructure).toMatchObject({
    state: 'deployed',
    assembly: pushed.digest,
    revision: revisionOf(done.desired),
  });
  const steps = told.map(({ step }) => step).filter((step, index, all) => step !== all[index - 1]);
  expect(steps.filter((step) => step !== 'wait').slice(0, 5)).toEqual([
    'stacks',
    'publish',
    'stacks',
    'desired',
    'stacks',
  ]);
});

test('the same again makes no call to CloudFormation', async () => {
  const again = await deploy(options(built('one'), { repository: folder }));
  expect(again).toMatchObject({ kind: 'nothing-to-do', stacks: 'unchanged', record: { outcome: 'confirmed' } });
});

test('another commit with the same release is a new generation, and makes no call to CloudFormation either', async () => {
  const commit = sha256('docs only').slice(0, 40);
  const done = deploy(
    options(
      { ...built('one'), commit, tree: commit },
      {
        repository: folder,
        progress: (event) => {
          if (event.step === 'desired') void reportAll();
        },
      },
    ),
  );
  expect(await done).toMatchObject({ kind: 'finished', stacks: 'unchanged', record: { generation: 2 } });
});

test('a new release touches the stack of the machines alone, and the desired state is written before', async () => {
  await report('i-gone', { generation: 2 });
  const build = built('two');
  const done = await deploy(options(build));
  expect(done).toMatchObject({ kind: 'finished', stacks: 'deployed', record: { outcome: 'confirmed', generation: 3 } });
  expect(cdkCalls()).toEqual([expect.stringContaining('Service')]);
  expect(await pinned()).toMatchObject({ release: build.digest });
  const order = told.map(({ step, message }) => (step === 'desired' ? 'desired' : message));
  expect(order.indexOf('desired')).toBeLessThan(order.findIndex((message) => /deploying\.\.\./.test(message)));
  expect(done.hosts.map(({ host }) => host.split(':')[1])).toEqual(await group());
});

test('a deploy that was interrupted is done again, though nothing new is to be told', async () => {
  const cut = deploy(options(built('three'), { repository: failingCdk('cut', 'the network went away') }));
  await expect(cut).rejects.toMatchObject({ code: 'stacks-failed' });
  expect((await read()).infrastructure).toMatchObject({ state: 'deploying' });
  expect((await read()).desired).toMatchObject({ generation: 4 });
  const done = await deploy(options(built('three')));
  expect(done).toMatchObject({ stacks: 'deployed', desired: { generation: 4 }, record: { outcome: 'confirmed' } });
});

test('stacks that went back are a rejected deployment: with the words of the new machine, and who serves', async () => {
  const [old = ''] = await group();
  const repository = failingCdk(
    'undone',
    '❌ hello-dev-service failed: UPDATE_ROLLBACK_COMPLETE: Hosts: alarm went off',
  );
  const rejection = { revision: 'a'.repeat(64), release: 'b'.repeat(64), generation: 5, at: '2026-11-23T12:00:00Z' };
  const rejected = [{ ...rejection, reason: 'unhealthy' as const, detail: 'answered 503' }];
  const detail = 'pinned to release abc: a deploy replaces this machine';
  const progress = (event: ProgressEvent): void => {
    told.push(event);
    if (event.step !== 'desired') return;
    void report('i-new', {
      generation: 5,
      outcome: 'rejected',
      detail: 'unhealthy: answered 503',
      rejected,
      serving: null,
    });
    void report(old, { generation: 5, outcome: 'held', detail });
  };
  const done = await deploy(options(built('four'), { repository, progress }));
  expect(done).toMatchObject({ kind: 'finished', stacks: 'rolled-back' });
  expect(done.record).toMatchObject({ outcome: 'rejected', generation: 5, hosts: { rejected: 1, held: 1 } });
  expect(done.record?.detail).toMatch(
    /^CloudFormation went back: 1 machine of before still serves release [0-9a-f]{12}$/m,
  );
  expect(done.record?.detail).toContain('i-new rejected: unhealthy: answered 503');
  const kept = await store().read(deploymentKey(5), parseDeploymentRecord, signal);
  expect(kept?.value).toEqual(done.record);
  const status = await readStatus({ store: store(), signal, now: Date.now(), instances: inService() });
  expect(status).toMatchObject({ infrastructure: { state: 'rolled-back' }, record: { outcome: 'rejected' } });
  expect(status.hosts).toMatchObject([{ outcome: 'held', detail }]);
});

test('what was rejected is tried again only by retry', async () => {
  const again = await deploy(options(built('four'), { repository: folder }));
  expect(again).toMatchObject({ kind: 'nothing-to-do', stacks: 'unchanged', record: { outcome: 'rejected' } });
  const done = await deploy(options(built('four'), { retry: true }));
  expect(done).toMatchObject({ stacks: 'deployed', desired: { retry: true, generation: 6 } });
  expect(done.record).toMatchObject({ outcome: 'confirmed' });
});

test('where CloudFormation never got to a machine, its own reason is told', async () => {
  const line = '❌ hello-dev-service failed: UPDATE_ROLLBACK_COMPLETE: You have exceeded your limit of addresses';
  const done = await deploy(options(built('five'), { repository: failingCdk('limit', line) }));
  expect(done.record).toMatchObject({ outcome: 'rejected', hosts: { rejected: 0 } });
  expect(done.record?.detail).toContain('You have exceeded your limit of addresses');
});

test('a freeze replaces no machine by one with a new release, and ends as held', async () => {
  const freeze = { reason: 'sale', until: '2099-01-01T00:00:00Z' };
  const frozen = { ...push, freeze };
  const [instance = ''] = await group();
  const progress = (event: ProgressEvent): void => {
    told.push(event);
    const generation = event.fields?.['generation'];
    if (event.step !== 'desired' || typeof generation !== 'number') return;
    void report(instance, { generation, outcome: 'held', detail: 'pinned to release abc' });
  };
  const held = await deploy(options(built('six'), { environment: frozen, repository: folder, progress }));
  expect(held).toMatchObject({ stacks: 'unchanged', record: { outcome: 'held' } });
  expect(await pinned()).toMatchObject({ release: built('four').digest });
  // What was confirmed here before comes back all the same.
  const back = await deploy(options(built('two'), { environment: frozen }));
  expect(back).toMatchObject({ stacks: 'deployed', record: { outcome: 'confirmed' } });
});

const tellAll = (event: ProgressEvent): void => {
  told.push(event);
  if (event.step === 'desired') void reportAll();
};

test('the switch to pull takes the parameters out of the stack, and the switch back puts them in again', async () => {
  const build = built('seven');
  const toPull = await deploy(options(build, { environment: pull, assembly: pulled, progress: tellAll }));
  expect(toPull).toMatchObject({ stacks: 'deployed', record: { outcome: 'confirmed' } });
  expect(await pinned()).toBeNull();
  expect((await read()).infrastructure).toMatchObject({ state: 'deployed', revision: null });
  const next = await deploy(
    options(built('eight'), { environment: pull, assembly: pulled, progress: tellAll, repository: folder }),
  );
  expect(next).toMatchObject({ stacks: 'unchanged', record: { outcome: 'confirmed' } });
  const toPush = await deploy(options(built('eight')));
  expect(toPush).toMatchObject({ stacks: 'deployed', kind: 'nothing-to-do', record: { outcome: 'confirmed' } });
  expect(await pinned()).toEqual(pinsOf(toPush.desired));
  expect((await read()).infrastructure).toMatchObject({ revision: toPush.revision });
});

test('machines in service are found by their tags, and who may not ask is told so once', async () => {
  expect(await inService()(signal)).toEqual(await group());
  const other = findInService({ service, environment: 'prod', aws: aws(), progress: (event) => void told.push(event) });
  expect(await other(signal)).toBeUndefined();
  expect(told).toEqual([]);
  const away = { ...aws(), endpoint: 'http://localhost:1' };
  const lost = findInService({ service, environment: 'dev', aws: away, progress: (event) => void told.push(event) });
  expect([await lost(signal), await lost(signal)]).toEqual([undefined, undefined]);
  expect(told).toEqual([expect.objectContaining({ message: expect.stringContaining('ECONNREFUSED') })]);
});
