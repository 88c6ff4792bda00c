/** Does what the instance refresh of an Auto Scaling group does, which the emulator lacks: new machines beside the old ones, traffic on health, then the old ones go; else the new ones. */
import {
  AutoScalingClient,
  TerminateInstanceInAutoScalingGroupCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { DescribeLaunchTemplatesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { until } from './until.ts';
import type { MachineWorld } from './world.ts';

export interface RefreshOptions {
  /** How long the new machines may take to be healthy behind the load balancer. */
  readonly healthyWithinMs: number;
  /** All new machines are healthy, and the old ones still serve. */
  readonly onHealthy?: () => Promise<void>;
}

export interface Refresh {
  readonly outcome: 'replaced' | 'rolled-back';
  readonly old: readonly string[];
  readonly fresh: readonly string[];
}

/** By the policy of the stacks: at least 100 % healthy, at most 200 %. */
export async function refreshInstances(world: MachineWorld, options: RefreshOptions): Promise<Refresh> {
  const [group] = await world.cloud.groups();
  if (!group) throw new Error('refreshing instances: there is no group');
  const old = group.instances;
  const client = openClient(world);
  const resize = (hosts: number): Promise<unknown> => client.send(sizeOf(group.name, hosts));
  const use = (Version: string): Promise<unknown> =>
    client.send(
      new UpdateAutoScalingGroupCommand({
        AutoScalingGroupName: group.name,
        LaunchTemplate: { LaunchTemplateId: group.launchTemplate.id, Version },
      }),
    );
  // The emulator updates no group in place.
  await use(String(await latestTemplate(world)));
  await resize(old.length * 2);
  const fresh = await until('new instances', async () => {
    const [now] = await world.cloud.groups();
    const added = (now?.instances ?? []).filter((instance) => !old.includes(instance));
    return added.length === old.length ? added : null;
  });
  const isHealthy = (): boolean => fresh.every((instance) => world.loadBalancer.healthy().includes(instance));
  const outcome = await until('them to be healthy', isHealthy, { timeoutMs: options.healthyWithinMs }).then(
    () => 'replaced' as const,
    () => 'rolled-back' as const,
  );
  if (outcome === 'replaced') await options.onHealthy?.();
  else await use(group.launchTemplate.version);
  const leaving = outcome === 'replaced' ? old : fresh;
  for (const InstanceId of leaving) {
    await client.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: group.name, MinSize: 1 }));
    await client.send(
      new TerminateInstanceInAutoScalingGroupCommand({ InstanceId, ShouldDecrementDesiredCapacity: true }),
    );
  }
  await resize(old.length);
  await until('them to be gone', () => world.lab.machines.every(({ instance }) => !leaving.includes(instance)));
  return { outcome, old, fresh };
}

/** Number of the newest version of the group's launch template. */
export async function latestTemplate({ cloud, lab }: MachineWorld): Promise<number> {
  const { region, endpoint, credentials } = lab.access;
  const client = new EC2Client({ region, ...(endpoint && { endpoint }), ...(credentials && { credentials }) });
  const [group] = await cloud.groups();
  const command = new DescribeLaunchTemplatesCommand({ LaunchTemplateIds: [group?.launchTemplate.id ?? ''] });
  return (await client.send(command)).LaunchTemplates?.[0]?.LatestVersionNumber ?? 0;
}

function openClient({ lab }: MachineWorld): AutoScalingClient {
  const { region, endpoint, credentials } = lab.access;
  return new AutoScalingClient({ region, ...(endpoint && { endpoint }), ...(credentials && { credentials }) });
}

function sizeOf(AutoScalingGroupName: string, hosts: number): UpdateAutoScalingGroupCommand {
  const size = { MinSize: hosts, DesiredCapacity: hosts, MaxSize: hosts };
  return new UpdateAutoScalingGroupCommand({ AutoScalingGroupName, ...size });
}
