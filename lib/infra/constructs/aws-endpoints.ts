/** The doors to AWS of a network without internet; S3 has its own, free of charge, in every network. */
import { aws_ec2 as ec2 } from 'aws-cdk-lib';
import { Construct } from 'constructs';

export interface AwsEndpointsProps {
  readonly vpc: ec2.IVpc;
  /** Of the network: who may use the doors. */
  readonly cidr: string;
}

/** Session Manager needs the first two, the hosts' logs and metrics one each. */
const services = {
  Ssm: ec2.InterfaceVpcEndpointAwsService.SSM,
  SsmMessages: ec2.InterfaceVpcEndpointAwsService.SSM_MESSAGES,
  Logs: ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  Metrics: ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_MONITORING,
};

export class AwsEndpoints extends Construct {
  constructor(scope: Construct, id: string, { vpc, cidr }: AwsEndpointsProps) {
    super(scope, id);
    const securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'Endpoints of AWS services: in by HTTPS from the network',
      allowAllOutbound: false,
    });
    securityGroup.addIngressRule(ec2.Peer.ipv4(cidr), ec2.Port.tcp(443), 'The network');
    for (const [name, service] of Object.entries(services)) {
      new ec2.InterfaceVpcEndpoint(this, name, {
        vpc,
        service,
        subnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
        securityGroups: [securityGroup],
        open: false,
      });
    }
  }
}
