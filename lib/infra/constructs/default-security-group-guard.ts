/** Keeps the default security group of a network without rules: CloudFormation cannot, and it needs no function of ours. */
import { aws_iam as iam, aws_scheduler as scheduler, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';

export interface DefaultSecurityGroupGuardProps {
  /** The default security group of a network. */
  readonly groupId: string;
}

/**
 * Two schedules call EC2 once a day, the first time at once. Where a rule is gone already, EC2 answers with an error
 * and nothing happens; hence no retries.
 */
export class DefaultSecurityGroupGuard extends Construct {
  constructor(scope: Construct, id: string, { groupId }: DefaultSecurityGroupGuardProps) {
    super(scope, id);
    const { account, region } = Stack.of(this);

    const role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
    });
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['ec2:RevokeSecurityGroupIngress', 'ec2:RevokeSecurityGroupEgress'],
        resources: [`arn:aws:ec2:${region}:${account}:security-group/${groupId}`],
      }),
    );

    const everyProtocol = { IpProtocol: '-1' };
    const fromItself = { ...everyProtocol, UserIdGroupPairs: [{ GroupId: groupId }] };
    const toAnywhere = { ...everyProtocol, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
    for (const [direction, rule] of [
      ['Ingress', fromItself],
      ['Egress', toAnywhere],
    ] as const) {
      new scheduler.CfnSchedule(this, direction, {
        description: `Removes the ${direction.toLowerCase()} rule of the default security group`,
        flexibleTimeWindow: { mode: 'OFF' },
        scheduleExpression: 'rate(1 day)',
        target: {
          arn: `arn:aws:scheduler:::aws-sdk:ec2:revokeSecurityGroup${direction}`,
          roleArn: role.roleArn,
          input: Stack.of(this).toJsonString({ GroupId: groupId, IpPermissions: [rule] }),
          retryPolicy: { maximumRetryAttempts: 0 },
        },
      });
    }
  }
}
