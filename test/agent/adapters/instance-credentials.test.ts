import { awsAccessOf } from '../../../lib/agent/adapters/aws-credentials.ts';
import { createInstanceCredentials } from '../../../lib/agent/adapters/instance-credentials.ts';
import type { AwsCredentialSource } from '../../../lib/agent/adapters/aws-credentials.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type FakeMetadataService, startFakeMetadataService } from '../../support/fake-metadata-service.ts';

const minuteMs = 60_000;
const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
let clock: FakeClock;
let service: FakeMetadataService;
let credentials: AwsCredentialSource;

beforeEach(async () => {
  clock = new FakeClock();
  service = await startFakeMetadataService();
  credentials = createInstanceCredentials({ endpoint: service.endpoint, clock });
});
afterEach(() => service.close());

const role = (name: string, endsInMinutes: number) => ({
  Code: 'Success',
  AccessKeyId: name,
  SecretAccessKey: secret,
  Token: 'session',
  Expiration: new Date(clock.now().getTime() + endsInMinutes * minuteMs).toISOString(),
});

const keyNow = async () => (await credentials.current()).accessKeyId;
/** Nobody sleeps by this clock here: only its reading moves. */
const pass = (minutes: number) => clock.pass(minutes * minuteMs);

test('they are those of the role that the machine has, asked for with a token', async () => {
  service.role = role('first', 360);
  expect(await credentials.current()).toEqual({
    accessKeyId: 'first',
    secretAccessKey: secret,
    sessionToken: 'session',
  });
  expect(service.asked).toEqual([
    'PUT /latest/api/token',
    'GET /latest/meta-data/iam/security-credentials/',
    'GET /latest/meta-data/iam/security-credentials/the-role',
  ]);
});

test('they are asked for once, by however many at a time, and kept', async () => {
  service.role = role('first', 360);
  await Promise.all([keyNow(), keyNow(), keyNow()]);
  await pass(10);
  await keyNow();
  expect(service.asked).toHaveLength(3);
});

test('new ones are fetched five minutes before the old end', async () => {
  service.role = role('first', 12);
  await keyNow();
  service.role = role('second', 360);
  await pass(6.9);
  expect(await keyNow()).toBe('first');
  await pass(0.2);
  expect(await keyNow()).toBe('second');
});

test('S8: new ones are fetched every quarter of an hour, whatever the wall clock says', async () => {
  service.role = role('first', 360);
  await keyNow();
  service.role = role('second', 360);
  clock.wallMs -= 10 * 365 * 24 * 60 * minuteMs;
  await pass(14.9);
  expect(await keyNow()).toBe('first');
  await pass(0.2);
  expect(await keyNow()).toBe('second');
});

test('S8: fresh ones are used though they ended by a wall clock that runs ahead', async () => {
  service.role = role('first', 360);
  clock.wallMs += 10 * 365 * 24 * 60 * minuteMs;
  expect(await keyNow()).toBe('first');
});

test('old ones are used until they end while the service is away, and it is not asked at every call', async () => {
  service.role = role('first', 12);
  await keyNow();
  service.role = null;
  await pass(8);
  expect(await keyNow()).toBe('first');
  const asked = service.asked.length;
  expect(await keyNow()).toBe('first');
  expect(service.asked).toHaveLength(asked);
  await pass(5);
  await expect(credentials.current()).rejects.toMatchObject({ awsCode: 'CredentialsUnavailable' });
  service.role = role('second', 360);
  expect(await keyNow()).toBe('second');
});

test.each([
  ['is no JSON', `{"SecretAccessKey":"${secret}`],
  ['lacks a field', { SecretAccessKey: secret, Token: secret, Expiration: '2026-11-23T18:00:00Z' }],
  ['has a field of another kind', { AccessKeyId: 'a', SecretAccessKey: [secret], Token: secret, Expiration: 'soon' }],
])('V7: an answer that %s is told without what stands in it', async (_what, answer) => {
  service.role = answer;
  const error: unknown = await credentials.current().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ awsCode: 'CredentialsUnavailable' });
  const { message, cause } = error instanceof Error ? error : new Error('it passed');
  expect(message).toContain('see that the machine has a role');
  expect(`${message} ${String(cause)}`).not.toContain(secret.slice(0, 8));
});

describe('the environment', () => {
  it('names credentials, an emulator and another metadata service', () => {
    const variables = {
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      AWS_ENDPOINT_URL: 'http://localhost:1',
      AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://localhost:2',
    };
    expect(awsAccessOf(variables)).toEqual({
      endpoint: 'http://localhost:1',
      metadataEndpoint: 'http://localhost:2',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
  });

  it('gives no credentials by half, and none that are empty', () => {
    expect(awsAccessOf({ AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: '' }).credentials).toBeNull();
  });
});
