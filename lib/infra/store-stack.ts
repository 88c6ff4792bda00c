/** The store of an environment: releases, desired state and status, and the bucket that logs who used it. */
import { Duration, RemovalPolicy, Stack, type StackProps, aws_s3 as s3 } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Environment } from '../contract/environment.ts';
import { asInterface } from './cdk-interfaces.ts';
import { StoreBucket } from './constructs/store-bucket.ts';
import { acknowledge } from './acknowledge.ts';

export interface StoreStackProps extends StackProps {
  readonly service: string;
  readonly environment: Environment;
}

export class StoreStack extends Stack {
  /** Of the load balancer and of the store. */
  readonly accessLogs: s3.IBucket;

  constructor(scope: Construct, id: string, props: StoreStackProps) {
    super(scope, id, props);
    const { protect, logRetentionDays } = props.environment;
    const removalPolicy = protect ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;

    const accessLogs = new s3.Bucket(this, 'AccessLogs', {
      encryption: s3.BucketEncryption.S3_MANAGED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      removalPolicy,
      lifecycleRules: [
        { expiration: Duration.days(logRetentionDays), abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    });
    acknowledge(
      accessLogs,
      'AwsSolutions-S1',
      'It is the bucket that holds access logs; logging its own use would never end.',
    );

    this.accessLogs = asInterface(accessLogs);
    new StoreBucket(this, 'Store', { ...props, removalPolicy, accessLogs: this.accessLogs });
  }
}
