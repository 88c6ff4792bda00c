/** The bucket that hosts pull from, and the rules that keep what was once written. */
import { Duration, type RemovalPolicy, aws_iam as iam, aws_s3 as s3 } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Environment } from '../../contract/environment.ts';
import {
  deploymentPrefix,
  desiredStateKey,
  infrastructureRecordKey,
  statusPrefix,
  storeBucketName,
} from '../../contract/names.ts';

export interface StoreBucketProps {
  readonly service: string;
  readonly environment: Environment;
  readonly accessLogs: s3.IBucket;
  readonly removalPolicy: RemovalPolicy;
}

/** Objects below these are written once. */
const createOnlyPrefixes = ['blobs/', 'releases/', deploymentPrefix];

export class StoreBucket extends Construct {
  readonly bucket: s3.Bucket;

  constructor(scope: Construct, id: string, { service, environment, accessLogs, removalPolicy }: StoreBucketProps) {
    super(scope, id);
    const { name, account, region } = environment;
    this.bucket = new s3.Bucket(this, 'Bucket', {
      bucketName: storeBucketName({ service, environment: name, account, region }),
      encryption: s3.BucketEncryption.S3_MANAGED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      serverAccessLogsBucket: accessLogs,
      serverAccessLogsPrefix: 'store/',
      removalPolicy,
      lifecycleRules,
    });
    for (const statement of this.writeRules()) this.bucket.addToResourcePolicy(statement);
  }

  private writeRules(): iam.PolicyStatement[] {
    const objects = (keys: readonly string[]) => keys.map((key) => this.bucket.arnForObjects(key));
    const deny = { effect: iam.Effect.DENY, principals: [new iam.AnyPrincipal()] };
    const createOnly = createOnlyPrefixes.map((prefix) => `${prefix}*`);
    return [
      new iam.PolicyStatement({
        sid: 'CreateOnly',
        ...deny,
        actions: ['s3:PutObject'],
        resources: objects(createOnly),
        // The parts of a multipart upload carry no condition; the request that completes it does.
        conditions: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
      }),
      new iam.PolicyStatement({
        sid: 'CompareAndSwapOnly',
        ...deny,
        actions: ['s3:PutObject'],
        resources: objects([desiredStateKey]),
        conditions: {
          Null: { 's3:if-none-match': 'true', 's3:if-match': 'true' },
          Bool: { 's3:ObjectCreationOperation': 'true' },
        },
      }),
      new iam.PolicyStatement({
        sid: 'NoDelete',
        ...deny,
        actions: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
        resources: objects([...createOnly, desiredStateKey, infrastructureRecordKey]),
      }),
    ];
  }
}

/** No rule ends a current blob, release, deployment or desired state: what is referenced stays. */
const lifecycleRules: s3.LifecycleRule[] = [
  {
    id: 'OldVersions',
    noncurrentVersionExpiration: Duration.days(90),
    abortIncompleteMultipartUploadAfter: Duration.days(1),
  },
  // A host rewrites its status every minute; a host that is gone does not.
  {
    id: 'Status',
    prefix: statusPrefix,
    expiration: Duration.days(7),
    noncurrentVersionExpiration: Duration.days(1),
  },
];
