import { devWith, listOf, recordOf, resourcesOf } from './support.ts';

const bucket = 'arn:aws:s3:::slipway-hello-dev-111122223333';
const parameters = 'arn:aws:ssm:eu-central-1:111122223333:parameter/hello/dev';

const statements = () => {
  const policy = resourcesOf(devWith()).find(({ type, stack }) => type === 'AWS::IAM::Policy' && stack === 'service');
  return listOf(recordOf(policy?.properties['PolicyDocument'])['Statement']).map(recordOf);
};
const statement = (sid: string) => statements().find(({ Sid }) => Sid === sid);

describe('I10: the role of a host', () => {
  test('reads blobs, releases, desired state and status of its own environment', () => {
    expect(statement('ReadStore')).toEqual({
      Sid: 'ReadStore',
      Effect: 'Allow',
      Action: 's3:GetObject',
      Resource: [`${bucket}/blobs/*`, `${bucket}/desired.json`, `${bucket}/releases/*.json`, `${bucket}/status/*.json`],
    });
  });

  test('writes its own status and nobody else’s', () => {
    expect(statement('WriteOwnStatus')).toMatchObject({
      Action: 's3:PutObject',
      Resource: `${bucket}/status/\${aws:userid}.json`,
    });
  });

  test('lists status only', () => {
    expect(statement('ListStatus')).toMatchObject({
      Action: 's3:ListBucket',
      Resource: bucket,
      Condition: { StringEquals: { 's3:prefix': 'status/' } },
    });
  });

  test('reads the config and the secrets of its own environment', () => {
    expect(statement('ReadConfigAndSecrets')).toMatchObject({
      Action: ['ssm:GetParameter', 'ssm:GetParameters'],
      Resource: [`${parameters}/config`, `${parameters}/secret/*`],
    });
  });

  test('writes to its own log group', () => {
    expect(statement('WriteOwnLog')).toMatchObject({
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: { 'Fn::GetAtt': [expect.stringMatching(/^HostLog/), 'Arn'] },
    });
  });

  test('may open a session, and has no managed policy and no statement beside these', () => {
    expect(statement('SessionManager')?.['Resource']).toBe('*');
    const names = statements().map(({ Sid }) => String(Sid));
    expect(names.toSorted()).toEqual([
      'ListStatus',
      'ReadConfigAndSecrets',
      'ReadStore',
      'SessionManager',
      'WriteOwnLog',
      'WriteOwnStatus',
    ]);
    const roles = resourcesOf(devWith()).filter(({ type, stack }) => type === 'AWS::IAM::Role' && stack === 'service');
    expect(roles.map(({ properties }) => properties['ManagedPolicyArns'])).toEqual([undefined]);
  });
});
