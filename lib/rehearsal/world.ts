/** Builds the laptop's world: emulator, remote, developer, pipeline, machines, load balancer; the slow parts at the same time. */
import { join } from 'node:path';
import type { Environment } from '../contract/environment.ts';
import { storeBucketName } from '../contract/names.ts';
import { parseRuntimePins, type Platform } from '../contract/runtime-pins.ts';
import { openStore } from '../delivery/s3-store.ts';
import type { Store } from '../delivery/store.ts';
import { readFile } from 'node:fs/promises';
import { createAssemblies } from './assemblies.ts';
import { lastLines, run as runProgram } from './child-process.ts';
import { type Cloud, openCloud } from './cloud.ts';
import { type Emulator, startEmulator } from './emulator.ts';
import { findOnPath } from './emulator-install.ts';
import { type LoadBalancer, openLoadBalancer } from './load-balancer.ts';
import { startHost } from './host.ts';
import { type Machines, runMachines, type StartHost } from './machines.ts';
import { takePortBlock } from './ports.ts';
import { RehearsalError } from './rehearsal-error.ts';
import { createRemote, type Remote } from './remote.ts';
import type { Run } from './run.ts';
import { progressLine } from './progress-lines.ts';
import { cloneForRunner, type Runner, slipway, startRunner, target } from './runner.ts';
import { createWorkingCopy, type WorkingCopy } from './working-copy.ts';

export interface WorldOptions {
  /** Name of the service, as in `environments/index.ts`. */
  readonly service: string;
  readonly environment: Environment;
  /** A service of the user's in place of `service/`. */
  readonly serviceDirectory: string | null;
  /** Of the load balancer; null: a free one. */
  readonly port: number | null;
  /** Null: HAProxy where it is installed. */
  readonly proxy: 'haproxy' | 'built-in' | null;
  readonly hosts: number;
  /** Null: an emulator of its own, and hosts that are processes on this machine. */
  readonly site: Site | null;
}

/** Where a world stands other than on a laptop: an account that is there already, with machines of its own. */
export interface Site {
  readonly emulator: Emulator;
  readonly startHost: StartHost;
  /** Changes the repository before anything is deployed from it. */
  readonly prepare: (copy: WorkingCopy) => Promise<void>;
}

export interface World {
  readonly run: Run;
  readonly service: string;
  readonly environment: Environment;
  readonly platform: Platform;
  readonly proxy: 'haproxy' | 'built-in';
  readonly hosts: number;
  readonly bucket: string;
  /** Digest of the runtime blob. */
  readonly runtime: string;
  readonly emulator: Emulator;
  readonly cloud: Cloud;
  readonly store: Store;
  readonly loadBalancer: LoadBalancer;
  readonly machines: Machines;
  readonly remote: Remote;
  readonly copy: WorkingCopy;
  readonly runner: Runner;
}

/** Throws `RehearsalError`. */
export async function createWorld(run: Run, options: WorldOptions): Promise<World> {
  const { environment, service, hosts } = options;
  const platform = platformOf(process.platform, process.arch);
  const proxy = await chooseProxy(run, options.proxy);
  const loadBalancer = await openLoadBalancer(options.port);
  run.atEnd(() => loadBalancer.close());
  const source = await createSource(run, options);
  const assemblies = createAssemblies(run, { service, environment: environment.name, variables: run.variables });
  run.story.say('starting the AWS emulator, building the service, synthesizing the stacks');
  const [emulator] = await Promise.all([
    startAccount(run, environment, options.site),
    buildAhead(run, source.clone, { environment: environment.name, platform }),
    assemblies.of(source.clone).then(() => run.story.say('the stacks are synthesized')),
  ]);
  const aws = await openAws(run, emulator, options);
  const hostSite = { cloud: aws.cloud, ports: aws.ports, proxy, variables: emulator.variables };
  const machines = runMachines(run, {
    cloud: aws.cloud,
    loadBalancer,
    startHost: options.site?.startHost ?? ((host) => startHost(run, hostSite, host)),
    service,
    environment: environment.name,
    size: hosts,
    drainTimeoutMs: environment.health.drainSeconds * 1_000,
  });
  run.atEnd(() => machines.ended);
  const runner = startRunner(run, {
    remote: source.remote,
    clone: source.clone,
    assemblies,
    platform,
    environment: environment.name,
    variables: emulator.variables,
    onProgress: (message) => tellProgress(run, machines, message),
    onStart: ({ commit }) => run.story.say(`commit ${commit.slice(0, 7)} is pushed to dev: deploying it`),
  });
  const parts = { run, service, environment, platform, proxy, hosts, emulator, loadBalancer, machines, runner };
  return { ...parts, ...source, ...aws, runtime: await runtimeOf(source.copy, platform) };
}

interface Source {
  readonly remote: Remote;
  readonly copy: WorkingCopy;
  /** In which the deployments run. */
  readonly clone: string;
}

async function createSource(run: Run, { serviceDirectory, site }: WorldOptions): Promise<Source> {
  const remote = await createRemote(run);
  const copy = await createWorkingCopy(run, remote, serviceDirectory);
  await site?.prepare(copy);
  if (copy.isDirty) run.story.say('the repository has changes that are in no commit: they are rehearsed too');
  return { remote, copy, clone: await cloneForRunner(run, remote) };
}

async function openAws(run: Run, { gateway }: Emulator, { environment, service }: WorldOptions) {
  const access = {
    region: environment.region,
    endpoint: gateway.endpoint,
    credentials: { accessKeyId: 'rehearsal', secretAccessKey: 'rehearsal' },
  };
  const bucket = storeBucketName({ ...environment, service, environment: environment.name });
  const ports = await takePortBlock();
  run.atEnd(() => ports.close());
  return { ports, bucket, cloud: openCloud(access, run.signal), store: openStore(bucket, access) };
}

async function runtimeOf({ path }: WorkingCopy, platform: Platform): Promise<string> {
  const pins = parseRuntimePins(await readFile(join(path, 'environments', 'runtime.json'), 'utf8'));
  return pins.platforms[platform].sha256;
}

function tellProgress({ story }: Run, machines: Machines, message: string): void {
  const names = new Map(machines.hosts().map(({ instance, name }) => [instance, name]));
  const line = progressLine(message, names);
  if (line !== null) story.say(`  ${line}`);
}

async function startAccount(run: Run, environment: Environment, site: Site | null): Promise<Emulator> {
  const emulator = site?.emulator ?? (await startEmulator(run, environment));
  if (site === null) run.atEnd(() => emulator.close());
  await bootstrap(run, emulator, environment);
  run.story.say(`account ${environment.account} in ${environment.region} is ready, in the emulator`);
  return emulator;
}

/** So that the first deployment finds it built, and a service that cannot be built is told early. */
async function buildAhead(run: Run, clone: string, of: Parameters<typeof target>[0]): Promise<void> {
  const { exit, complaint } = await slipway(run, clone, ['build', ...target(of)], run);
  if (exit.code !== 0) throw notDeployed('building the service', complaint);
  run.story.say('the service is built');
}

export function notDeployed(tried: string, complaint: string): RehearsalError {
  const [said = ''] = complaint.split('\n');
  return new RehearsalError('deploy-failed', {
    tried,
    wrong: said.replace(/^(?:slipway|error): /i, '') || 'it said nothing',
    todo: 'the README lists what a service must keep to',
  });
}

function platformOf(os: string, cpu: string): Platform {
  if (os === 'linux' && (cpu === 'x64' || cpu === 'arm64')) return `linux-${cpu}`;
  throw new RehearsalError('unsupported-platform', {
    tried: 'starting the hosts',
    wrong: `they are Linux machines, and this is ${os} on ${cpu}`,
    todo: 'rehearse on Linux, or in a Linux virtual machine',
  });
}

async function chooseProxy(run: Run, wanted: WorldOptions['proxy']): Promise<World['proxy']> {
  const haproxy = await findOnPath('haproxy', run);
  if (wanted !== 'haproxy') return wanted ?? (haproxy ? 'haproxy' : 'built-in');
  if (haproxy) return 'haproxy';
  throw new RehearsalError('no-proxy', {
    tried: '--proxy haproxy',
    wrong: 'haproxy is not on the PATH',
    todo: 'install it (Debian: apt-get install haproxy), or leave the option out',
  });
}

async function bootstrap(run: Run, emulator: Emulator, { account, region }: Environment): Promise<void> {
  const cdk = join(run.repository, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  const program = {
    name: 'bootstrap',
    command: process.execPath,
    // Outside of any CDK app: bootstrapping an account synthesizes nothing.
    args: [cdk, 'bootstrap', `aws://${account}/${region}`, '--no-notices', '--ci'],
    cwd: run.directory.temporary,
    variables: emulator.variables,
  };
  const { code } = await runProgram(program, run.directory.logs, run.signal);
  if (code === 0) return;
  throw new RehearsalError('bootstrap-failed', {
    tried: `cdk bootstrap aws://${account}/${region} at the emulator`,
    wrong: lastLines(join(run.directory.logs, 'bootstrap.log'), 1),
    todo: 'see the log',
  });
}
