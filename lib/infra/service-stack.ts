/** What serves: load balancer, hosts, their role and log, alarms, dashboard. */
import { CfnOutput, RemovalPolicy, Stack, type StackProps, aws_logs as logs } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Environment } from '../contract/environment.ts';
import type { RuntimePins } from '../contract/runtime-pins.ts';
import { Alarms, alarmsThatStopReplacement } from './constructs/alarms.ts';
import { Dashboard } from './constructs/dashboard.ts';
import { HostGroup } from './constructs/host-group.ts';
import { HostRole } from './constructs/host-role.ts';
import { LoadBalancer } from './constructs/load-balancer.ts';
import { SessionManager } from './constructs/session-manager.ts';
import type { NetworkStack } from './network-stack.ts';
import { releasePins } from './release-pins.ts';
import { ServiceMetrics } from './service-metrics.ts';
import type { StoreStack } from './store-stack.ts';
import { userDataScript } from './user-data.ts';

export interface ServiceStackProps extends StackProps {
  readonly service: string;
  readonly environment: Environment;
  readonly bundleSha256: string;
  readonly runtime: RuntimePins;
  readonly network: NetworkStack;
  readonly store: StoreStack;
}

export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    super(scope, id, props);
    const { environment, network, service, store } = props;

    const logGroup = new logs.LogGroup(this, 'HostLog', {
      retention: environment.logRetentionDays,
      removalPolicy: environment.protect ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const session = new SessionManager(this, 'SessionManager', { service, environment });
    const { role } = new HostRole(this, 'HostRole', {
      service,
      environment,
      logGroup,
      sessionLogGroup: session.logGroup,
    });
    const hosts = new HostGroup(this, 'Hosts', {
      environment,
      vpc: network.vpc,
      subnets: network.hostSubnets,
      role,
      stopAlarms: alarmsThatStopReplacement({ service, environment }),
      userData: userDataScript({
        ...props,
        roleId: role.roleId,
        logGroupName: logGroup.logGroupName,
        pinned: releasePins(this, { service, environment }),
        toJson: (settings) => this.toJsonString(settings),
      }),
    });
    const loadBalancer = new LoadBalancer(this, 'LoadBalancer', {
      environment,
      vpc: network.vpc,
      hosts: hosts.group,
      accessLogs: store.accessLogs,
    });
    const metrics = new ServiceMetrics({ service, environment: environment.name, loadBalancer, group: hosts.group });
    const { alarms } = new Alarms(this, 'Alarms', { service, environment, metrics });
    new Dashboard(this, 'Dashboard', { metrics, alarms });

    this.output('Url', loadBalancer.url);
    this.output('AutoScalingGroupName', hosts.group.autoScalingGroupName);
    this.output('TargetGroupArn', loadBalancer.targetGroup.targetGroupArn);
    this.output('SessionDocument', session.documentName);
    this.output('LaunchTemplateId', hosts.launchTemplate.launchTemplateId ?? '');
  }

  private output(name: string, value: string): void {
    new CfnOutput(this, name, { value });
  }
}
