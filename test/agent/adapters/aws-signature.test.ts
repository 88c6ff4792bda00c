/** Known answers: the examples of "Authenticating Requests: Using the Authorization Header" in the API reference of Amazon S3. */
import { type AwsRequest, signed } from '../../../lib/agent/adapters/aws-signature.ts';

const scope = {
  service: 's3',
  region: 'us-east-1',
  credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
  date: new Date('2013-05-24T00:00:00Z'),
} as const;

const get: AwsRequest = {
  method: 'GET',
  protocol: 'https:',
  hostname: 'examplebucket.s3.amazonaws.com',
  port: null,
  path: '/',
  query: {},
  headers: {},
  body: null,
};

describe('the signature of', () => {
  it.each([
    [
      'an object in part',
      { ...get, path: '/test.txt', headers: { range: 'bytes=0-9' } },
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'a setting of the bucket',
      { ...get, query: { lifecycle: '' } },
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
    [
      'a listing',
      { ...get, query: { prefix: 'J', 'max-keys': '2' } },
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
  ] satisfies [string, AwsRequest, string][])('%s is that of the documentation', async (_what, request, signature) => {
    const { headers } = await signed(request, scope);
    expect(headers['authorization']).toContain(`Signature=${signature}`);
  });

  it('temporary credentials covers their token', async () => {
    const credentials = { ...scope.credentials, sessionToken: 'a token' };
    const { headers } = await signed(get, { ...scope, credentials });
    expect(headers['x-amz-security-token']).toBe('a token');
    expect(headers['authorization']).toMatch(/SignedHeaders=[^,]*x-amz-security-token/);
  });
});

test('a query is sent as it was signed: a space is no plus', async () => {
  const { path } = await signed({ ...get, query: { prefix: "a b+c/ü*'" } }, scope);
  expect(path).toBe('/?prefix=a%20b%2Bc%2F%C3%BC%2A%27');
});
