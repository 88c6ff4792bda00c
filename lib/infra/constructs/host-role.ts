/** What a host may do: read what its environment runs, write its own status and log, be reached by Session Manager. */
import { aws_iam as iam, type aws_logs as logs } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Environment } from '../../contract/environment.ts';
import { metricNamespace } from '../../contract/metric-names.ts';
import {
  blobKey,
  configParameterName,
  desiredStateKey,
  releaseKey,
  secretParameterName,
  statusKey,
  statusPrefix,
  storeBucketName,
} from '../../contract/names.ts';
import { acknowledge } from '../acknowledge.ts';

export interface HostRoleProps {
  readonly service: string;
  readonly environment: Environment;
  /** Of the journal of the hosts. */
  readonly logGroup: logs.ILogGroup;
  readonly sessionLogGroup: logs.ILogGroup;
}

export class HostRole extends Construct {
  readonly role: iam.Role;

  constructor(scope: Construct, id: string, props: HostRoleProps) {
    super(scope, id);
    this.role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
    this.role.addToPolicy(sessionManager());
    this.role.addToPolicy(metrics());
    acknowledge(
      this.role,
      'AwsSolutions-IAM5[Resource::*]',
      'The channels of Session Manager and the metrics of CloudWatch have no resource to name; a condition names the namespace.',
    );
    for (const statement of [...storeStatements(props), parameterStatement(props), ...logStatements(props)]) {
      this.allow(statement);
    }
  }

  private allow(statement: iam.PolicyStatement): void {
    this.role.addToPolicy(statement);
    for (const resource of statement.resources.filter((name) => name.endsWith('*') || name.endsWith('*.json'))) {
      acknowledge(
        this.role,
        `AwsSolutions-IAM5[Resource::${resource}]`,
        'The wildcard stands for a digest, a host or the name of a secret, below a prefix of this environment.',
      );
    }
  }
}

function storeStatements({ service, environment }: HostRoleProps): iam.PolicyStatement[] {
  const bucket = `arn:aws:s3:::${storeBucketName({ ...environment, service, environment: environment.name })}`;
  const keys = [blobKey('*'), releaseKey('*'), desiredStateKey, statusKey('*')];
  return [
    new iam.PolicyStatement({
      sid: 'ReadStore',
      actions: ['s3:GetObject'],
      resources: keys.map((key) => `${bucket}/${key}`),
    }),
    new iam.PolicyStatement({
      sid: 'WriteOwnStatus',
      actions: ['s3:PutObject'],
      resources: [`${bucket}/${statusKey('${aws:userid}')}`],
    }),
    new iam.PolicyStatement({
      sid: 'ListStatus',
      actions: ['s3:ListBucket'],
      resources: [bucket],
      conditions: { StringEquals: { 's3:prefix': statusPrefix } },
    }),
  ];
}

function parameterStatement({ service, environment }: HostRoleProps): iam.PolicyStatement {
  const { account, name, region } = environment;
  const identity = { service, environment: name };
  const names = [configParameterName(identity), secretParameterName(identity, '*')];
  return new iam.PolicyStatement({
    sid: 'ReadConfigAndSecrets',
    actions: ['ssm:GetParameter', 'ssm:GetParameters'],
    resources: names.map((parameter) => `arn:aws:ssm:${region}:${account}:parameter${parameter}`),
  });
}

function logStatements({ environment, logGroup, sessionLogGroup }: HostRoleProps): iam.PolicyStatement[] {
  const { account, region } = environment;
  return [
    new iam.PolicyStatement({
      sid: 'WriteOwnLog',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    }),
    new iam.PolicyStatement({
      sid: 'WriteSessionLog',
      actions: ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
      resources: [sessionLogGroup.logGroupArn],
    }),
    // Session Manager looks by name whether its log group is there, and opens no session where it may not.
    new iam.PolicyStatement({
      sid: 'FindSessionLog',
      actions: ['logs:DescribeLogGroups'],
      resources: [`arn:aws:logs:${region}:${account}:log-group:*`],
    }),
  ];
}

function metrics(): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid: 'PutMetrics',
    actions: ['cloudwatch:PutMetricData'],
    resources: ['*'],
    conditions: { StringEquals: { 'cloudwatch:namespace': metricNamespace } },
  });
}

/** What of AmazonSSMManagedInstanceCore a session needs: that policy would open every parameter of the account. */
function sessionManager(): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid: 'SessionManager',
    actions: [
      'ssm:UpdateInstanceInformation',
      'ssmmessages:CreateControlChannel',
      'ssmmessages:CreateDataChannel',
      'ssmmessages:OpenControlChannel',
      'ssmmessages:OpenDataChannel',
    ],
    resources: ['*'],
  });
}
