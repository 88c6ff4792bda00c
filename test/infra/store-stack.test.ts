import { Match } from 'aws-cdk-lib/assertions';
import { environments } from '../../environments/index.ts';
import { devWith, synthesize } from './support.ts';

const bucketName = 'slipway-hello-dev-111122223333';

/** The statement of that name in the policy of the store. */
const statement = (sid: string, expected: Record<string, unknown>) =>
  devWith().store.hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: Match.objectLike({
      Statement: Match.arrayWith([
        Match.objectLike({ Sid: sid, Effect: 'Deny', Principal: { AWS: '*' }, ...expected }),
      ]),
    }),
  });

const below = (...keys: readonly string[]) => keys.map((key) => ({ 'Fn::Join': ['', [Match.anyValue(), `/${key}`]] }));

describe('the store of an environment', () => {
  test('T8: has the name that all parts compute, is versioned, encrypted and closed to the public', () => {
    devWith().store.hasResourceProperties('AWS::S3::Bucket', {
      BucketName: bucketName,
      VersioningConfiguration: { Status: 'Enabled' },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: Match.anyValue(),
      LoggingConfiguration: Match.objectLike({ LogFilePrefix: 'store/' }),
    });
  });

  test('T8: blobs, releases and deployments are written once', () => {
    statement('CreateOnly', {
      Action: 's3:PutObject',
      Resource: below('blobs/*', 'deployments/*', 'releases/*'),
      Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
    });
  });

  test('T8: the desired state is written by compare-and-swap only', () => {
    statement('CompareAndSwapOnly', {
      Action: 's3:PutObject',
      Resource: { 'Fn::Join': ['', [Match.anyValue(), '/desired.json']] },
      Condition: {
        Null: { 's3:if-none-match': 'true', 's3:if-match': 'true' },
        Bool: { 's3:ObjectCreationOperation': 'true' },
      },
    });
  });

  test('T8: nobody deletes what was published', () => {
    statement('NoDelete', {
      Action: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
      Resource: below('blobs/*', 'deployments/*', 'desired.json', 'infrastructure.json', 'releases/*'),
    });
  });

  test('T8: no lifecycle rule ends a current object, but the status of hosts that are gone', () => {
    devWith().store.hasResourceProperties('AWS::S3::Bucket', {
      BucketName: bucketName,
      LifecycleConfiguration: {
        Rules: [
          Match.objectLike({
            Id: 'OldVersions',
            ExpirationInDays: Match.absent(),
            NoncurrentVersionExpiration: { NoncurrentDays: 90 },
          }),
          Match.objectLike({ Id: 'Status', Prefix: 'status/', ExpirationInDays: 7 }),
        ],
      },
    });
  });

  test('T9: it goes with its stack in dev, and stays where the environment is protected', () => {
    devWith().store.allResources('AWS::S3::Bucket', Match.objectLike({ DeletionPolicy: 'Delete' }));
    synthesize(environments.prod).store.allResources('AWS::S3::Bucket', Match.objectLike({ DeletionPolicy: 'Retain' }));
  });
});
