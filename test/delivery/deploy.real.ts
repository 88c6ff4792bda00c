import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environments, service } from '../../environments/index.ts';
import { sha256 } from '../../lib/contract/canonical-json.ts';
import { parseDesiredState, pinsOf } from '../../lib/contract/desired-state.ts';
import { serializeHostStatus } from '../../lib/contract/host-status.ts';
import { parseInfrastructureRecord } from '../../lib/contract/infrastructure-record.ts';
import { desiredStateKey, infrastructureRecordKey, statusKey, storeBucketName } from '../../lib/contract/names.ts';
import { serializeReleaseManifest } from '../../lib/contract/release-manifest.ts';
import { type Assembly, synthesize } from '../../lib/delivery/assembly.ts';
import type { Build } from '../../lib/delivery/build.ts';
import { runCdk } from '../../lib/delivery/cdk.ts';
import { deploy } from '../../lib/delivery/deploy.ts';
import type { DeployOptions } from '../../lib/delivery/deployment.ts';
import { readHistory } from '../../lib/delivery/history.ts';
import type { ProgressEvent } from '../../lib/delivery/progress.ts';
import { openStore } from '../../lib/delivery/s3-store.ts';
import { readStatus } from '../../lib/delivery/status.ts';
import { hostStatus, releaseManifest } from '../support/documents.ts';
import { type Moto, startMoto } from '../support/moto.ts';

const root = join(__dirname, '..', '..');
const environment = environments.dev;
const { account, region } = environment;
const { signal } = new AbortController();
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const bucket = storeBucketName({ service, environment: 'dev', account, region });

let moto: Moto;
let folder: string;
let assembly: Assembly;
let told: ProgressEvent[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-deploy-'));
  moto = await startMoto({ account });
  const call = { repository: root, variables: variables(), signal, progress: () => undefined };
  const bootstrap = runCdk(['bootstrap', `aws://${account}/${region}`], { ...call, step: 'stacks' });
  const synthesized = synthesize({ ...call, directory: join(folder, 'out'), environment: 'dev', service });
  [assembly] = await Promise.all([synthesized, bootstrap]);
});
afterAll(async () => {
  await moto.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  told = [];
});

const aws = () => ({ region, endpoint: moto.endpoint, credentials });
const store = () => openStore(bucket, aws());
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

/** A release of a few bytes: what is in it decides nothing here. */
function built(name: string): Build {
  const files = { app: file(`app ${name}`), runtime: file('runtime') };
  const { app, runtime } = files;
  const manifest = releaseManifest({
    service,
    app: { sha256: app.sha256, size: app.size },
    runtime: {
      version: '26.10.0',
      os: 'linux',
      cpu: environment.hosts.architecture,
      sha256: runtime.sha256,
      size: runtime.size,
    },
  });
  const { bytes, digest } = serializeReleaseManifest(manifest);
  const commit = sha256(name).slice(0, 40);
  return { digest, manifest, manifestBytes: bytes, files, commit, tree: commit, cached: false, seconds: 0 };
}

const contents = Buffer.from('// agent');
const options = (build: Build, change: Partial<DeployOptions> = {}): DeployOptions => ({
  repository: root,
  service,
  environment,
  aws: aws(),
  variables: variables(),
  build,
  platform: null,
  agent: { contents, size: contents.length, sha256: sha256(contents) },
  assembly,
  by: 'ada',
  retry: false,
  wait: { timeoutMs: 30_000, intervalMs: 50 },
  signal,
  progress: (event) => {
    told.push(event);
    const generation = event.fields?.['generation'];
    if (event.step === 'desired' && typeof generation === 'number') void report(generation);
  },
  ...change,
});

/** What a host would do, at once. */
async function report(generation: number): Promise<void> {
  const status = hostStatus({ environment: 'dev', service, generation, rejected: [] });
  await store().compareAndSwap(statusKey(status.host), serializeHostStatus(status), await etagOf(status.host), signal);
}
async function etagOf(host: string) {
  const found = await store().read(statusKey(host), (text) => text, signal);
  return { etag: found?.etag ?? null, by: host };
}

test('the first deploy makes the bucket, publishes, deploys the stacks, then writes the desired state and waits', async () => {
  const done = await deploy(options(built('one')));
  expect(done).toMatchObject({ kind: 'finished', stacks: 'deployed', published: { uploaded: 4 } });
  expect(done.record).toMatchObject({ outcome: 'confirmed', generation: 1, by: 'ada', hosts: { converged: 1 } });
  const steps = told.map(({ step }) => step).filter((step, index, all) => step !== all[index - 1]);
  expect(steps).toEqual(['stacks', 'publish', 'stacks', 'desired', 'wait', 'record']);
  const status = await readStatus({ store: store(), signal, now: Date.now() });
  expect(status).toMatchObject({ infrastructure: { state: 'deployed', assembly: assembly.digest } });
  expect(status.desired?.value).toMatchObject({ generation: 1, fallback: null });
});

test('a change of the app alone makes no call to CloudFormation, and moves no runtime bytes', async () => {
  const build = built('two');
  // Without a CDK CLI there, a call would fail.
  const done = await deploy(options(build, { repository: folder }));
  expect(done).toMatchObject({ kind: 'finished', stacks: 'unchanged', published: { uploaded: 2, present: 2 } });
  expect(done.published.bytes).toBe(build.files.app.size + build.manifestBytes.length);
  expect(done.desired).toMatchObject({ generation: 2, fallback: { release: built('one').digest } });
});

test('the same again writes nothing and tells how it ended; only retry makes a new generation', async () => {
  const again = await deploy(options(built('two')));
  expect(again).toMatchObject({ kind: 'nothing-to-do', published: { bytes: 0 }, record: { outcome: 'confirmed' } });
  expect((await deploy(options(built('two'), { retry: true }))).desired).toMatchObject({ generation: 3, retry: true });
});

test('C2: of two deploys at once one wins, and the loser says who did', async () => {
  const both = [deploy(options(built('three'), { by: 'bob' })), deploy(options(built('four'), { by: 'cyd' }))];
  const results = await Promise.allSettled(both);
  const won = results.findIndex(({ status }) => status === 'fulfilled');
  const lost = results[1 - won];
  expect(lost).toMatchObject({ status: 'rejected', reason: { code: 'conflict' } });
  const message = lost?.status === 'rejected' ? String(lost.reason) : '';
  expect(message).toContain(`commit ${built(won === 0 ? 'three' : 'four').commit.slice(0, 12)}`);
  expect(message).toContain(`by ${won === 0 ? 'bob' : 'cyd'} was written first, as generation 4`);
  expect((await store().read(desiredStateKey, parseDesiredState, signal))?.value.generation).toBe(4);
});

test('stacks that fail leave the hosts as they are, and the next deploy begins with the stacks again', async () => {
  const broken = join(folder, 'broken');
  mkdirSync(join(broken, 'node_modules', 'aws-cdk', 'bin'), { recursive: true });
  writeFileSync(
    join(broken, 'node_modules', 'aws-cdk', 'bin', 'cdk'),
    'console.error("❌ failed"); process.exitCode = 1;',
  );
  const changed = { ...assembly, digest: sha256('changed') };
  const failed = deploy(options(built('five'), { repository: broken, assembly: changed }));
  await expect(failed).rejects.toMatchObject({ code: 'stacks-failed' });
  const record = await store().read(infrastructureRecordKey, parseInfrastructureRecord, signal);
  expect(record?.value).toMatchObject({ state: 'deploying', assembly: changed.digest });
  expect((await store().read(desiredStateKey, parseDesiredState, signal))?.value.generation).toBe(4);
  // The assembly of before: its digest alone would say that there is nothing to do.
  expect(await deploy(options(built('five')))).toMatchObject({ stacks: 'deployed', desired: { generation: 5 } });
});

test('a config that the stacks did not bring is not pinned', async () => {
  const other = { ...environment, service: { ...environment.service, config: { GREETING: 'changed by hand' } } };
  const refused = deploy(options(built('six'), { environment: other }));
  await expect(refused).rejects.toMatchObject({ code: 'config-mismatch' });
  expect((await store().read(desiredStateKey, parseDesiredState, signal))?.value.generation).toBe(5);
});

test.each<[string, Partial<DeployOptions>]>([
  ['wrong-account', { environment: { ...environment, account: '999999999999' } }],
  ['wrong-platform', { platform: environment.hosts.architecture === 'arm64' ? 'linux-x64' : 'linux-arm64' }],
])('C4: it is refused as %s before anything is touched', async (code, change) => {
  await expect(deploy(options(built('six'), change))).rejects.toMatchObject({ code });
  expect(told).toEqual([]);
});

test('nobody has to wait, and whoever deploys the same later sees the end', async () => {
  const silent = { progress: (event: ProgressEvent) => void told.push(event) };
  const written = await deploy(options(built('seven'), { wait: null, ...silent }));
  expect(written).toMatchObject({ kind: 'written', record: null, hosts: [] });
  await report(written.desired.generation);
  const ended = await deploy(options(built('seven'), silent));
  expect(ended).toMatchObject({ kind: 'nothing-to-do', record: { outcome: 'confirmed', generation: 6 } });
});

test('history tells each generation, the newest first, with who and how it ended', async () => {
  const history = await readHistory({ store: store(), limit: 3, signal });
  expect(history.map(({ generation, outcome, by, release }) => [generation, outcome, by, release])).toEqual([
    [6, 'confirmed', 'ada', built('seven').digest],
    [5, 'confirmed', 'ada', built('five').digest],
    [4, 'confirmed', expect.any(String), expect.any(String)],
  ]);
  const desired = await store().read(desiredStateKey, parseDesiredState, signal);
  expect(desired && pinsOf(desired.value).release).toBe(built('seven').digest);
});
