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

  test('writes to the log of sessions, and finds it by name', () => {
    expect(statement('WriteSessionLog')).toMatchObject({
      Action: ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
      Resource: { 'Fn::GetAtt': [expect.stringMatching(/^SessionManagerLog/), 'Arn'] },
    });
    expect(statement('FindSessionLog')).toMatchObject({
      Action: 'logs:DescribeLogGroups',
      Resource: 'arn:aws:logs:eu-central-1:111122223333:log-group:*',
    });
  });

  test('puts metrics into the one namespace', () => {
    expect(statement('PutMetrics')).toEqual({
      Sid: 'PutMetrics',
      Effect: 'Allow',
      Action: 'cloudwatch:PutMetricData',
      Resource: '*',
      Condition: { StringEquals: { 'cloudwatch:namespace': 'Slipway' } },
    });
  });

  test('may do this and nothing else, in either mode', () => {
    for (const mode of ['pull', 'push'] as const) {
      const templates = devWith(({ delivery }) => ({ delivery: { ...delivery, mode } }));
      const ours = resourcesOf(templates).filter(({ stack }) => stack === 'service');
      const policies = ours.filter(({ type }) => type === 'AWS::IAM::Policy');
      const allowed = policies.flatMap(({ properties }) =>
        listOf(recordOf(properties['PolicyDocument'])['Statement'])
          .map(recordOf)
          .flatMap(({ Action, Effect }) => [Action].flat().map((action) => `${String(Effect)} ${String(action)}`)),
      );
      expect(new Set(allowed)).toEqual(new Set(everything.map((action) => `Allow ${action}`)));
      const roles = ours.filter(({ type }) => type === 'AWS::IAM::Role');
      expect(roles.map(({ properties }) => [properties['ManagedPolicyArns'], properties['Policies']])).toEqual([
        [undefined, undefined],
      ]);
    }
  });

  test('names every resource, but for what has none to name', () => {
    const open = statements().filter(({ Resource }) => [Resource].flat().includes('*'));
    expect(open.map(({ Sid }) => Sid)).toEqual(['SessionManager', 'PutMetrics']);
  });
});

const everything = [
  'cloudwatch:PutMetricData',
  'logs:CreateLogStream',
  'logs:DescribeLogGroups',
  'logs:DescribeLogStreams',
  'logs:PutLogEvents',
  's3:GetObject',
  's3:ListBucket',
  's3:PutObject',
  'ssm:GetParameter',
  'ssm:GetParameters',
  'ssm:UpdateInstanceInformation',
  'ssmmessages:CreateControlChannel',
  'ssmmessages:CreateDataChannel',
  'ssmmessages:OpenControlChannel',
  'ssmmessages:OpenDataChannel',
];
