/** The hosts of an environment: how one is made, and how many there are. */
import {
  Duration,
  aws_autoscaling as autoscaling,
  aws_cloudwatch as cloudwatch,
  aws_ec2 as ec2,
  type aws_iam as iam,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Environment } from '../../contract/environment.ts';
import { acknowledge, acknowledgeLint } from '../acknowledge.ts';

export interface HostGroupProps {
  readonly environment: Environment;
  readonly vpc: ec2.IVpc;
  readonly subnets: ec2.SubnetSelection;
  readonly role: iam.IRole;
  readonly userData: string;
  /** Names of alarms: one that is on ends the replacement of hosts, and the stack rolls back. */
  readonly stopAlarms: readonly string[];
}

export class HostGroup extends Construct {
  readonly launchTemplate: ec2.LaunchTemplate;
  readonly group: autoscaling.AutoScalingGroup;

  constructor(scope: Construct, id: string, props: HostGroupProps) {
    super(scope, id);
    const { hosts, health } = props.environment;
    this.launchTemplate = this.createLaunchTemplate(props);
    this.group = new autoscaling.AutoScalingGroup(this, 'Group', {
      vpc: props.vpc,
      vpcSubnets: props.subnets,
      launchTemplate: this.launchTemplate,
      minCapacity: hosts.min,
      maxCapacity: hosts.max,
      healthChecks: autoscaling.HealthChecks.withAdditionalChecks({
        additionalTypes: [autoscaling.AdditionalHealthCheckType.ELB],
        gracePeriod: Duration.seconds(health.graceSeconds),
      }),
      groupMetrics: [new autoscaling.GroupMetrics(autoscaling.GroupMetric.IN_SERVICE_INSTANCES)],
      updatePolicy: this.updatePolicy(props),
    });
    this.acknowledgeFindings();
  }

  /** In either mode, for good: a rollback goes by the policy of the template that it returns to. */
  private updatePolicy({ environment, stopAlarms }: HostGroupProps): autoscaling.UpdatePolicy {
    const { delivery, health } = environment;
    return autoscaling.UpdatePolicy.instanceRefresh({
      strategy: autoscaling.InstanceRefreshStrategy.ROLLING,
      // A new host serves before an old one goes, also where there is one host only.
      minHealthyPercentage: 100,
      maxHealthyPercentage: 200,
      // By then the load balancer has found it healthy, or it was replaced.
      instanceWarmup: Duration.seconds(health.graceSeconds),
      alarms: stopAlarms.map((name, index) => cloudwatch.Alarm.fromAlarmName(this, `StopAlarm${index}`, name)),
      bakeTime: Duration.seconds(delivery.bakeSeconds),
    });
  }

  private acknowledgeFindings(): void {
    acknowledge(
      this.group,
      'AwsSolutions-AS3',
      'Alarms watch what the hosts do; a message per started host would drown them.',
    );
    // It does not know instance refresh before 1.52.
    acknowledgeLint(this.group, autoscaling.CfnAutoScalingGroup.CFN_RESOURCE_TYPE_NAME, 'E3016');
    // CDK names the role twice: as the instance profile's, and in the user data.
    acknowledgeLint(this.launchTemplate, ec2.CfnLaunchTemplate.CFN_RESOURCE_TYPE_NAME, 'W3005');
  }

  private createLaunchTemplate({ environment, vpc, role, userData }: HostGroupProps): ec2.LaunchTemplate {
    const { hosts, network, region } = environment;
    const securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'Hosts: in from the load balancer only, out by HTTPS only',
      allowAllOutbound: false,
    });
    securityGroup.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'AWS and other services by HTTPS');
    return new ec2.LaunchTemplate(this, 'LaunchTemplate', {
      instanceType: new ec2.InstanceType(hosts.instanceType),
      machineImage: ec2.MachineImage.genericLinux({ [region]: hosts.image.id }),
      role,
      securityGroup,
      associatePublicIpAddress: network.egress === 'public',
      requireImdsv2: true,
      httpTokens: ec2.LaunchTemplateHttpTokens.REQUIRED,
      httpPutResponseHopLimit: 1,
      userData: ec2.UserData.custom(userData),
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          volume: ec2.BlockDeviceVolume.ebs(hosts.volumeGiB, {
            volumeType: ec2.EbsDeviceVolumeType.GP3,
            encrypted: true,
          }),
        },
      ],
    });
  }
}
