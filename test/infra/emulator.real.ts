import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { DescribeLaunchTemplateVersionsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeTargetHealthCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { environments } from '../../environments/index.ts';
import { type AgentSettings, parseAgentSettings } from '../../lib/contract/agent-settings.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { RepositoryCopy } from './repository-copy.ts';

const { account, region } = environments.dev;
const fast = { CDK_VALIDATION: 'false' };

let moto: Moto;
let copy: RepositoryCopy;
let deployed = '';

const cloud = () => ({
  AWS_ENDPOINT_URL: moto.endpoint,
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
});
const client = () => ({
  endpoint: moto.endpoint,
  region,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

function cdk(...commandArguments: readonly string[]): string {
  const { status, said } = copy.cdk(commandArguments, { ...cloud(), ...fast });
  if (status !== 0) throw new Error(`cdk ${commandArguments.join(' ')} ended with ${status}: ${said}`);
  return said;
}

const deploy = (...parameters: readonly string[]) => {
  const values = parameters.flatMap((value) => ['--parameters', `hello-dev-service:${value}`]);
  return cdk(
    'deploy',
    'dev/*',
    '-c',
    'environment=dev',
    '--method',
    'direct',
    '--require-approval',
    'never',
    ...values,
  );
};

beforeAll(async () => {
  moto = await startMoto({ account });
  copy = new RepositoryCopy();
  cdk('bootstrap', '-c', 'environment=dev', `aws://${account}/${region}`);
  deployed = deploy();
}, 300_000);

afterAll(async () => {
  copy.remove();
  await moto.stop();
});

/** Instances of the Auto Scaling group. */
const instanceIds = async () => (await group())?.Instances?.map(({ InstanceId }) => InstanceId);

const group = async () => {
  const { AutoScalingGroups } = await new AutoScalingClient(client()).send(new DescribeAutoScalingGroupsCommand({}));
  return AutoScalingGroups?.[0];
};

/** Of machines that start from now on. */
async function newestSettings(): Promise<AgentSettings> {
  const hosts = await group();
  const { LaunchTemplateVersions = [] } = await new EC2Client(client()).send(
    new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: hosts?.LaunchTemplate?.LaunchTemplateId }),
  );
  const [newest] = LaunchTemplateVersions.toSorted((a, b) => (b.VersionNumber ?? 0) - (a.VersionNumber ?? 0));
  return parseAgentSettings(settingsIn(newest?.LaunchTemplateData?.UserData ?? ''));
}

function settingsIn(userData: string): string {
  const script = Buffer.from(userData, 'base64').toString('utf8');
  return /<<'SLIPWAY_SETTINGS'\n(.*)\nSLIPWAY_SETTINGS\n/.exec(script)?.[1] ?? '';
}

describe('the stacks of dev, deployed to the emulator by the real command line', () => {
  test('make a host and register it at the load balancer', async () => {
    const hosts = await group();
    const instances = hosts?.Instances?.map(({ InstanceId }) => InstanceId);
    expect(instances).toEqual([expect.stringMatching(/^i-/)]);
    const { TargetHealthDescriptions } = await new ElasticLoadBalancingV2Client(client()).send(
      new DescribeTargetHealthCommand({ TargetGroupArn: hosts?.TargetGroupARNs?.[0] }),
    );
    expect(TargetHealthDescriptions?.map(({ Target }) => Target)).toEqual([
      { Id: instances?.[0], Port: environments.dev.service.port },
    ]);
  });

  test('give the host settings with the id of its role', async () => {
    expect((await newestSettings()).host).toMatch(/^AROA[A-Z0-9]+:INSTANCE_ID$/);
  });

  test('say where the service is', () => {
    expect(deployed).toMatch(/\.Url = http:\/\//);
  });

  test('a changed config value changes the config stack only, and replaces no host', async () => {
    const before = await instanceIds();
    copy.edit('environments/dev.ts', 'Hello from dev', 'Good morning from dev');
    const changed = [...deploy().matchAll(/✅ {2}dev\/(\w+) \(.*?\)( \(no changes\))?/g)];
    expect(changed.map(([, stack, unchanged]) => `${stack}${unchanged ?? ''}`).toSorted()).toEqual([
      'Config',
      'Network (no changes)',
      'Service (no changes)',
      'Store (no changes)',
    ]);
    const { Parameter } = await new SSMClient(client()).send(new GetParameterCommand({ Name: '/hello/dev/config' }));
    expect(Parameter?.Value).toBe('{"GREETING":"Good morning from dev","LOG_LEVEL":"debug"}');
    expect(await instanceIds()).toEqual(before);
  }, 300_000);

  test('in push mode the machines are pinned by parameters, which a deploy without them keeps', async () => {
    const release = 'f'.repeat(64);
    copy.edit('environments/dev.ts', "mode: 'pull'", "mode: 'push'");
    deploy(`Release=${release}`, 'ConfigVersion=1');
    expect((await newestSettings()).pinned).toMatchObject({ release, config: { version: 1 }, secrets: [] });
    deploy('Release='.padEnd(72, 'e'), 'ConfigVersion=2');
    expect((await newestSettings()).pinned).toMatchObject({ release: 'e'.repeat(64), config: { version: 2 } });
    copy.edit('environments/dev.ts', 'latencyMs: ', 'latencyMs: 1');
    deploy();
    expect((await newestSettings()).pinned).toMatchObject({ release: 'e'.repeat(64), config: { version: 2 } });
    // Back to pull mode is for template tests: this emulator cannot take a parameter away from a stack.
  }, 300_000);
});
