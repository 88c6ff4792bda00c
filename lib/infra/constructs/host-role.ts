/** What a host may do: read what its environment runs, write its own status and log, be reached by Session Manager. */
import { aws_iam as iam, type aws_logs as logs } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Environment } from '../../contract/environment.ts';
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
  readonly logGroup: logs.ILogGroup;
}

export class HostRole extends Construct {
  readonly role: iam.Role;

  constructor(scope: Construct, id: string, props: HostRoleProps) {
    super(scope, id);
    this.role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
    this.role.addToPolicy(sessionManager());
    acknowledge(
      this.role,
      'AwsSolutions-IAM5[Resource::*]',
      'The channels of Session Manager have no resource to name.',
    );
    for (const statement of [...storeStatements(props), parameterStatement(props), logStatement(props)]) {
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

function logStatement({ logGroup }: HostRoleProps): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid: 'WriteOwnLog',
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup.logGroupArn],
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
