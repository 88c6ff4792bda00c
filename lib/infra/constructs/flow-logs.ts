/** Who talked to whom in the network. */
import { RemovalPolicy, aws_ec2 as ec2, aws_logs as logs } from 'aws-cdk-lib';
import { Construct } from 'constructs';

export interface FlowLogsProps {
  readonly vpc: ec2.IVpc;
  readonly retentionDays: number;
  readonly isRetained: boolean;
}

export class FlowLogs extends Construct {
  constructor(scope: Construct, id: string, { vpc, retentionDays, isRetained }: FlowLogsProps) {
    super(scope, id);
    const logGroup = new logs.LogGroup(this, 'LogGroup', {
      retention: retentionDays,
      removalPolicy: isRetained ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    new ec2.FlowLog(this, 'FlowLog', {
      resourceType: ec2.FlowLogResourceType.fromVpc(vpc),
      destination: ec2.FlowLogDestination.toCloudWatchLogs(logGroup),
      trafficType: ec2.FlowLogTrafficType.ALL,
    });
  }
}
