/** What the rehearsal asks of the emulated AWS: its groups, their machines, their user data, and the targets of the load balancer. */
import {
  AutoScalingClient,
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  TerminateInstanceInAutoScalingGroupCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { DescribeLaunchTemplateVersionsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';
import { sha256 } from '../contract/canonical-json.ts';
import { blobKey } from '../contract/names.ts';
import type { AwsAccess } from '../delivery/store.ts';
import type { HealthCheck } from './load-balancer.ts';
import { RehearsalError } from './rehearsal-error.ts';

export interface Group {
  readonly name: string;
  readonly desired: number;
  readonly instances: readonly string[];
  readonly targetGroups: readonly string[];
  readonly launchTemplate: { readonly id: string; readonly version: string };
}

export interface Cloud {
  groups(): Promise<readonly Group[]>;
  resize(group: string, hosts: number): Promise<void>;
  terminate(instance: string): Promise<void>;
  userData(launchTemplate: Group['launchTemplate']): Promise<string>;
  healthCheck(targetGroup: string): Promise<HealthCheck>;
  /** Ids of the machines that the target group knows. */
  targets(targetGroup: string): Promise<readonly string[]>;
  /** The SSM parameters below a path, ten at most: their values by name. */
  parameters(path: string): Promise<ReadonlyMap<string, string>>;
  /** Verified. Throws `RehearsalError`. */
  blob(bucket: string, digest: string): Promise<Buffer>;
}

export function openCloud(access: AwsAccess, signal: AbortSignal): Cloud {
  const { region, endpoint, credentials } = access;
  const settings = { region, ...(endpoint && { endpoint }), ...(credentials && { credentials }) };
  const call = { abortSignal: signal };
  return {
    ...scalingOf(new AutoScalingClient(settings), call),
    ...balancingOf(new ElasticLoadBalancingV2Client(settings), call),
    ...dataOf({ ec2: new EC2Client(settings), ssm: new SSMClient(settings) }, call),
    blob: blobsOf(new S3Client({ ...settings, forcePathStyle: true }), call),
  };
}

interface CallOptions {
  readonly abortSignal: AbortSignal;
}

function scalingOf(client: AutoScalingClient, call: CallOptions): Pick<Cloud, 'groups' | 'resize' | 'terminate'> {
  return {
    async groups() {
      const { AutoScalingGroups = [] } = await client.send(new DescribeAutoScalingGroupsCommand({}), call);
      return AutoScalingGroups.flatMap(groupOf);
    },
    async resize(group, hosts) {
      const size = { MinSize: hosts, DesiredCapacity: hosts, MaxSize: hosts };
      await client.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: group, ...size }), call);
    },
    async terminate(instance) {
      const command = { InstanceId: instance, ShouldDecrementDesiredCapacity: false };
      await client.send(new TerminateInstanceInAutoScalingGroupCommand(command), call);
    },
  };
}

function groupOf(group: AutoScalingGroup): readonly Group[] {
  const { AutoScalingGroupName: name, Instances = [], TargetGroupARNs: targetGroups = [] } = group;
  const { DesiredCapacity: desired = 0, LaunchTemplate: template } = group;
  if (!name || !template?.LaunchTemplateId) return [];
  const running = Instances.filter(({ LifecycleState }) => LifecycleState === 'InService');
  const instances = running.flatMap(({ InstanceId }) => InstanceId ?? []);
  const launchTemplate = { id: template.LaunchTemplateId, version: template.Version ?? '$Latest' };
  return [{ name, desired, instances, targetGroups, launchTemplate }];
}

function balancingOf(client: ElasticLoadBalancingV2Client, call: CallOptions): Pick<Cloud, 'healthCheck' | 'targets'> {
  return {
    async healthCheck(targetGroup) {
      const command = new DescribeTargetGroupsCommand({ TargetGroupArns: [targetGroup] });
      const { TargetGroups: [found = {}] = [] } = await client.send(command, call);
      const { HealthCheckIntervalSeconds: interval = 5, HealthCheckTimeoutSeconds: timeout = 2 } = found;
      const { HealthyThresholdCount = 2, UnhealthyThresholdCount = 2, HealthCheckPath = '/' } = found;
      return {
        path: HealthCheckPath,
        intervalMs: interval * 1_000,
        timeoutMs: timeout * 1_000,
        healthyThreshold: HealthyThresholdCount,
        unhealthyThreshold: UnhealthyThresholdCount,
      };
    },
    async targets(targetGroup) {
      const command = new DescribeTargetHealthCommand({ TargetGroupArn: targetGroup });
      const { TargetHealthDescriptions = [] } = await client.send(command, call);
      return TargetHealthDescriptions.flatMap(({ Target }) => Target?.Id ?? []);
    },
  };
}

function dataOf(
  { ec2, ssm }: { readonly ec2: EC2Client; readonly ssm: SSMClient },
  call: CallOptions,
): Pick<Cloud, 'userData' | 'parameters'> {
  return {
    async userData({ id, version }) {
      const command = new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: id, Versions: [version] });
      const { LaunchTemplateVersions = [] } = await ec2.send(command, call);
      return Buffer.from(LaunchTemplateVersions[0]?.LaunchTemplateData?.UserData ?? '', 'base64').toString();
    },
    async parameters(path) {
      const { Parameters = [] } = await ssm.send(new GetParametersByPathCommand({ Path: path, Recursive: true }), call);
      return new Map(Parameters.map(({ Name = '', Value = '' }) => [Name, Value]));
    },
  };
}

function blobsOf(client: S3Client, call: CallOptions): Cloud['blob'] {
  return async (bucket, digest) => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: blobKey(digest) }), call);
    const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
    if (sha256(bytes) === digest) return bytes;
    throw new RehearsalError('machine-failed', {
      tried: `fetching the agent from s3://${bucket}/${blobKey(digest)}`,
      wrong: `its digest is ${sha256(bytes)}`,
      todo: 'publish the agent again',
    });
  };
}
