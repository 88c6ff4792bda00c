/** Signatures against an independent signer: that of botocore, which the emulator brings along. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type AwsRequest, escaped, signed, type SigningScope } from '../../../lib/agent/adapters/aws-signature.ts';

const accessKeyId = 'AKIAIOSFODNN7EXAMPLE';
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const sessionToken = 'IQoJb3JpZ2luX2VjE//+==';
const base = { protocol: 'https:', port: null, query: {}, headers: {}, body: null } as const;
const bucket = { ...base, hostname: 'slipway-hello-dev-123456789012.s3.eu-central-1.amazonaws.com' } as const;

const requests: readonly (readonly [SigningScope['service'], AwsRequest])[] = [
  [
    's3',
    {
      ...bucket,
      method: 'GET',
      path: '/desired.json',
      headers: { 'if-none-match': '"9b2cf535f27731c974343645a3985328"' },
    },
  ],
  [
    's3',
    {
      ...bucket,
      method: 'PUT',
      path: `/status/${escaped('AROAEXAMPLE:i-0123456789abcdef0')}.json`,
      headers: { 'content-type': 'application/json' },
      body: '{"detail":"größer, 100 %"}',
    },
  ],
  [
    's3',
    {
      ...bucket,
      method: 'GET',
      path: '/',
      query: {
        'list-type': '2',
        prefix: 'status/',
        'continuation-token': '1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM= +~',
      },
    },
  ],
  ['s3', { ...bucket, method: 'GET', path: `/${escaped("a b+c&d=e!'()*~_.-%ü")}` }],
  ['s3', { ...bucket, hostname: 'localhost', port: 5_000, method: 'GET', path: '/bucket/desired.json' }],
  [
    'ssm',
    {
      ...base,
      hostname: 'ssm.eu-central-1.amazonaws.com',
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.GetParameter' },
      body: '{"Name":"/hello/dev/config:1","WithDecryption":true}',
    },
  ],
  [
    'monitoring',
    {
      ...base,
      hostname: 'monitoring.eu-central-1.amazonaws.com',
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Action=PutMetricData&Version=2010-08-01&Namespace=Slipway',
    },
  ],
];

async function sent(service: SigningScope['service'], request: AwsRequest, isTemporary: boolean) {
  const credentials = { accessKeyId, secretAccessKey, ...(isTemporary ? { sessionToken } : {}) };
  const region = 'eu-central-1';
  const call = await signed(request, { service, region, credentials, date: new Date('2026-11-23T12:00:00Z') });
  const { authorization = '', ...headers } = call.headers;
  const toVerify = {
    service,
    region,
    credentials: { access_key: accessKeyId, secret_key: secretAccessKey, token: isTemporary ? sessionToken : null },
    method: call.method,
    url: `${call.protocol}//${call.headers['host']}${call.path}`,
    headers,
    body: call.body ?? '',
  };
  return { toVerify, signature: /Signature=([\da-f]{64})$/.exec(authorization)?.[1] };
}

test.each([
  ['that last', false],
  ['that are temporary', true],
])('botocore signs each kind of request the same, with credentials %s', async (_what, isTemporary) => {
  const all = await Promise.all(requests.map(([service, request]) => sent(service, request, isTemporary)));
  const input = JSON.stringify(all.map(({ toVerify }) => toVerify));
  const output = execFileSync('python3', [join(__dirname, '../../support/verify-signatures.py')], {
    input,
    encoding: 'utf8',
  });
  const theirs: unknown = JSON.parse(output);
  expect(theirs).toEqual(all.map(({ signature }) => signature));
});
