/** What the rehearsal asks of the emulated AWS: its groups, their machines, their user data, and the targets of the load balancer. */
import {
  AutoScalingClient,
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
import type { AwsAccess } from '../delivery/store.ts';
import type { HealthCheck } from './load-balancer.ts';
import { RehearsalError } from './rehearsal-error.ts';

export interface Group {
  readonly name: string;
  readonly desired: number;
  readonly max: number;
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

export function openCloud({ region, endpoint, credentials }: AwsAccess, signal: AbortSignal): Cloud {
  const settings = { region, ...(endpoint && { endpoint }), ...(credentials && { credentials }) };
  const scaling = new AutoScalingClient(settings);
  const ec2 = new EC2Client(settings);
  const balancing = new ElasticLoadBalancingV2Client(settings);
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  const ssm = new SSMClient(settings);
  const call = { abortSignal: signal };
  return {
    async groups() {
      const { AutoScalingGroups = [] } = await scaling.send(new DescribeAutoScalingGroupsCommand({}), call);
      return AutoScalingGroups.flatMap((group): readonly Group[] => {
        const template =
          group.LaunchTemplate ?? group.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification;
        if (!group.AutoScalingGroupName || !template?.LaunchTemplateId) return [];
        const running = (group.Instances ?? []).filter(({ LifecycleState }) => LifecycleState === 'InService');
        return [
          {
            name: group.AutoScalingGroupName,
            desired: group.DesiredCapacity ?? 0,
            max: group.MaxSize ?? 0,
            instances: running.flatMap(({ InstanceId }) => InstanceId ?? []),
            targetGroups: group.TargetGroupARNs ?? [],
            launchTemplate: { id: template.LaunchTemplateId, version: template.Version ?? '$Latest' },
          },
        ];
      });
    },
    async resize(group, hosts) {
      const size = { MinSize: hosts, DesiredCapacity: hosts, MaxSize: hosts };
      await scaling.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: group, ...size }), call);
    },
    async terminate(instance) {
      const command = { InstanceId: instance, ShouldDecrementDesiredCapacity: false };
      await scaling.send(new TerminateInstanceInAutoScalingGroupCommand(command), call);
    },
    async userData({ id, version }) {
      const command = new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: id, Versions: [version] });
      const { LaunchTemplateVersions = [] } = await ec2.send(command, call);
      return Buffer.from(LaunchTemplateVersions[0]?.LaunchTemplateData?.UserData ?? '', 'base64').toString();
    },
    async healthCheck(targetGroup) {
      const { TargetGroups = [] } = await balancing.send(
        new DescribeTargetGroupsCommand({ TargetGroupArns: [targetGroup] }),
        call,
      );
      const [found] = TargetGroups;
      return {
        path: found?.HealthCheckPath ?? '/',
        intervalMs: (found?.HealthCheckIntervalSeconds ?? 5) * 1000,
        timeoutMs: (found?.HealthCheckTimeoutSeconds ?? 2) * 1000,
        healthyThreshold: found?.HealthyThresholdCount ?? 2,
        unhealthyThreshold: found?.UnhealthyThresholdCount ?? 2,
      };
    },
    async targets(targetGroup) {
      const command = new DescribeTargetHealthCommand({ TargetGroupArn: targetGroup });
      const { TargetHealthDescriptions = [] } = await balancing.send(command, call);
      return TargetHealthDescriptions.flatMap(({ Target }) => Target?.Id ?? []);
    },
    async parameters(path) {
      const command = new GetParametersByPathCommand({ Path: path, Recursive: true });
      const { Parameters = [] } = await ssm.send(command, call);
      return new Map(Parameters.map(({ Name = '', Value = '' }) => [Name, Value]));
    },
    async blob(bucket, digest) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: `blobs/${digest}` }), call);
      const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
      if (sha256(bytes) === digest) return bytes;
      throw new RehearsalError('machine-failed', {
        tried: `fetching the agent from s3://${bucket}/blobs/${digest}`,
        wrong: `its digest is ${sha256(bytes)}`,
        todo: 'publish the agent again',
      });
    },
  };
}
