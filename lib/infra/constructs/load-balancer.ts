/** The load balancer of an environment: where clients come in, and how it judges hosts. */
import {
  Duration,
  aws_ec2 as ec2,
  aws_elasticloadbalancingv2 as elb,
  aws_route53 as route53,
  aws_route53_targets as targets,
  type aws_s3 as s3,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Environment } from '../../contract/environment.ts';
import { hostHealthPath } from '../../contract/names.ts';
import { acknowledge } from '../acknowledge.ts';

export interface LoadBalancerProps {
  readonly environment: Environment;
  readonly vpc: ec2.IVpc;
  readonly hosts: elb.IApplicationLoadBalancerTarget;
  readonly accessLogs: s3.IBucket;
}

/** Shorter than HAProxy's keep-alive (75 s), so that no host closes a connection which the load balancer is about to use. */
const idleTimeoutSeconds = 60;

export class LoadBalancer extends Construct {
  readonly alb: elb.ApplicationLoadBalancer;
  readonly targetGroup: elb.ApplicationTargetGroup;
  readonly url: string;

  constructor(scope: Construct, id: string, props: LoadBalancerProps) {
    super(scope, id);
    const { environment, vpc } = props;
    this.alb = new elb.ApplicationLoadBalancer(this, 'Alb', {
      vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      internetFacing: true,
      deletionProtection: environment.protect,
      dropInvalidHeaderFields: true,
      desyncMitigationMode: elb.DesyncMitigationMode.STRICTEST,
      idleTimeout: Duration.seconds(idleTimeoutSeconds),
    });
    this.alb.logAccessLogs(props.accessLogs, 'load-balancer');
    this.targetGroup = this.createTargetGroup(props);
    this.url = this.listen(environment);
  }

  private createTargetGroup({ environment, vpc, hosts }: LoadBalancerProps): elb.ApplicationTargetGroup {
    const { health, service } = environment;
    return new elb.ApplicationTargetGroup(this, 'Hosts', {
      vpc,
      targets: [hosts],
      port: service.port,
      protocol: elb.ApplicationProtocol.HTTP,
      deregistrationDelay: Duration.seconds(health.drainSeconds),
      healthCheck: {
        path: hostHealthPath,
        healthyHttpCodes: '200',
        interval: Duration.seconds(health.intervalSeconds),
        timeout: Duration.seconds(health.timeoutSeconds),
        healthyThresholdCount: health.healthyThreshold,
        unhealthyThresholdCount: health.unhealthyThreshold,
      },
    });
  }

  private listen({ domain, network }: Environment): string {
    const toHosts = elb.ListenerAction.forward([this.targetGroup]);
    if (domain === null) {
      const http = this.alb.addListener('Http', { port: 80, open: false, defaultAction: toHosts });
      this.admit(http, network.clientRanges);
      return `http://${this.alb.loadBalancerDnsName}`;
    }
    const https = this.alb.addListener('Https', {
      port: 443,
      open: false,
      defaultAction: toHosts,
      certificates: [elb.ListenerCertificate.fromArn(domain.certificateArn)],
      sslPolicy: elb.SslPolicy.TLS13_RES,
    });
    const redirect = this.alb.addListener('Http', {
      port: 80,
      open: false,
      defaultAction: elb.ListenerAction.redirect({ protocol: 'HTTPS', port: '443', permanent: true }),
    });
    for (const listener of [https, redirect]) this.admit(listener, network.clientRanges);
    this.addDomainRecord(domain);
    return `https://${domain.name}`;
  }

  private admit(listener: elb.ApplicationListener, clientRanges: readonly string[]): void {
    for (const range of clientRanges) {
      const peer = range.includes(':') ? ec2.Peer.ipv6(range) : ec2.Peer.ipv4(range);
      listener.connections.allowDefaultPortFrom(peer, 'Clients');
    }
    acknowledge(
      this.alb,
      'AwsSolutions-EC23',
      'Who may reach the load balancer is a field of the environment: clientRanges.',
    );
  }

  private addDomainRecord({ name, hostedZoneId }: NonNullable<Environment['domain']>): void {
    new route53.ARecord(this, 'Record', {
      zone: route53.HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId, zoneName: name }),
      recordName: `${name}.`,
      target: route53.RecordTarget.fromAlias(new targets.LoadBalancerTarget(this.alb)),
    });
  }
}
