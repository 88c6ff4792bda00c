/** The way into a host in an emergency: a shell of Session Manager, which writes down what was typed and answered, and ends when nobody types. */
import { RemovalPolicy, aws_logs as logs, aws_ssm as ssm } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Environment } from '../../contract/environment.ts';
import { sessionDocumentName } from '../../contract/names.ts';

export interface SessionManagerProps {
  readonly service: string;
  readonly environment: Environment;
}

const idleMinutes = 10;
const longestMinutes = 60;

export class SessionManager extends Construct {
  readonly logGroup: logs.LogGroup;
  readonly documentName: string;

  constructor(scope: Construct, id: string, { service, environment }: SessionManagerProps) {
    super(scope, id);
    this.logGroup = new logs.LogGroup(this, 'Log', {
      retention: environment.logRetentionDays,
      removalPolicy: environment.protect ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.documentName = sessionDocumentName({ service, environment: environment.name });
    // The document SSM-SessionManagerRunShell is the account's own, and there is one only: an environment has its own instead.
    new ssm.CfnDocument(this, 'Document', {
      name: this.documentName,
      documentType: 'Session',
      documentFormat: 'JSON',
      // A document with a name cannot be replaced.
      updateMethod: 'NewVersion',
      content: {
        schemaVersion: '1.0',
        description: `A logged shell on a host of ${service} in ${environment.name}`,
        sessionType: 'Standard_Stream',
        inputs: {
          cloudWatchLogGroupName: this.logGroup.logGroupName,
          cloudWatchEncryptionEnabled: false,
          cloudWatchStreamingEnabled: true,
          s3BucketName: '',
          s3KeyPrefix: '',
          s3EncryptionEnabled: true,
          kmsKeyId: '',
          runAsEnabled: false,
          runAsDefaultUser: '',
          idleSessionTimeout: String(idleMinutes),
          maxSessionDuration: String(longestMinutes),
          shellProfile: { linux: '' },
        },
      },
    });
  }
}
