/** The network of an environment: subnets for the load balancer and the hosts, and the ways out of it. */
import { Stack, type StackProps, aws_ec2 as ec2 } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type EgressPreset, type Environment, maxZones } from '../contract/environment.ts';
import { acknowledge, acknowledgeLint } from './acknowledge.ts';
import { asInterface } from './cdk-interfaces.ts';
import { AwsEndpoints } from './constructs/aws-endpoints.ts';
import { DefaultSecurityGroupGuard } from './constructs/default-security-group-guard.ts';
import { FlowLogs } from './constructs/flow-logs.ts';

export interface NetworkStackProps extends StackProps {
  readonly service: string;
  readonly environment: Environment;
}

const hostSubnetTypes: Readonly<Record<EgressPreset, ec2.SubnetType>> = {
  public: ec2.SubnetType.PUBLIC,
  endpoints: ec2.SubnetType.PRIVATE_ISOLATED,
  nat: ec2.SubnetType.PRIVATE_WITH_EGRESS,
};

const zonesAreNamed =
  'The zones are named by the environment: which ones AWS would choose may change, and would move subnets.';

export class NetworkStack extends Stack {
  readonly vpc: ec2.IVpc;
  readonly hostSubnets: ec2.SubnetSelection;

  constructor(scope: Construct, id: string, props: NetworkStackProps) {
    super(scope, id, props);
    const { network, hosts, logRetentionDays, protect } = props.environment;
    const { zones, egress } = network;

    // CDK would ask AWS for the zones of the account.
    Object.defineProperty(this, 'availabilityZones', { value: [...zones] });
    const vpc = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr(network.cidr),
      availabilityZones: [...zones],
      reservedAzs: maxZones - zones.length,
      natGateways: egress === 'nat' ? zones.length : 0,
      subnetConfiguration: subnetsOf(network),
      gatewayEndpoints: { S3: { service: ec2.GatewayVpcEndpointAwsService.S3 } },
    });
    acknowledge(vpc, 'CloudFormation-Validate::W3010', zonesAreNamed);
    acknowledgeLint(vpc, ec2.CfnSubnet.CFN_RESOURCE_TYPE_NAME, 'W3010');
    this.vpc = asInterface(vpc);
    this.hostSubnets = { subnetType: hostSubnetTypes[egress], availabilityZones: zones.slice(0, hosts.zones) };

    if (egress === 'endpoints') new AwsEndpoints(this, 'Endpoints', { vpc: this.vpc, cidr: network.cidr });
    new FlowLogs(this, 'FlowLogs', { vpc: this.vpc, retentionDays: logRetentionDays, isRetained: protect });
    new DefaultSecurityGroupGuard(this, 'DefaultSecurityGroup', { groupId: vpc.vpcDefaultSecurityGroup });
  }
}

/** An eighth of the network per subnet: room for two kinds in four zones, so that neither another preset nor another zone moves a subnet. */
function subnetsOf({ cidr, egress }: Environment['network']): ec2.SubnetConfiguration[] {
  const cidrMask = Number(cidr.split('/')[1]) + 3;
  const open = { name: 'Public', subnetType: ec2.SubnetType.PUBLIC, cidrMask, mapPublicIpOnLaunch: false };
  const hosts = { name: 'Hosts', subnetType: hostSubnetTypes[egress], cidrMask };
  return egress === 'public' ? [open] : [open, hosts];
}
