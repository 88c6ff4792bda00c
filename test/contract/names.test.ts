import {
  blobKey,
  configParameterName,
  deploymentKey,
  releaseKey,
  secretParameterName,
  shortDigest,
  stackName,
  statusKey,
  storeBucketName,
} from '../../lib/contract/names.ts';

const identity = { service: 'hello', environment: 'dev' };

// Renaming one of these moves data of environments that are in use: it must not happen unseen.
test.each([
  [storeBucketName({ ...identity, account: '111122223333', region: 'eu-central-1' }), 'slipway-hello-dev-111122223333'],
  [blobKey('abc'), 'blobs/abc'],
  [releaseKey('abc'), 'releases/abc.json'],
  [statusKey('AROA:i-1'), 'status/AROA:i-1.json'],
  [deploymentKey(7), 'deployments/0000000007.json'],
  [configParameterName(identity), '/hello/dev/config'],
  [secretParameterName(identity, 'TOKEN'), '/hello/dev/secret/TOKEN'],
  [stackName(identity, 'service'), 'hello-dev-service'],
  [shortDigest('0123456789abcdef'), '0123456789ab'],
])('%s', (name, expected) => {
  expect(name).toBe(expected);
});

test('the longest names that the contract allows still make a bucket name', () => {
  const longest = { service: 's'.repeat(20), environment: 'e'.repeat(15), account: '1'.repeat(12), region: '' };
  expect(storeBucketName(longest).length).toBeLessThanOrEqual(63);
});

test('deployments sort by generation', () => {
  expect([deploymentKey(10), deploymentKey(9)].sort()).toEqual([deploymentKey(9), deploymentKey(10)]);
});
