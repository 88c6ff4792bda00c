import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { sha256 } from '../../lib/contract/canonical-json.ts';
import { parseDesiredState } from '../../lib/contract/desired-state.ts';
import { serializeHostStatus } from '../../lib/contract/host-status.ts';
import { blobKey, desiredStateKey, releaseKey, statusKey } from '../../lib/contract/names.ts';
import { callerAccount, checkAccount } from '../../lib/delivery/aws-account.ts';
import { publish } from '../../lib/delivery/publish.ts';
import { openStore } from '../../lib/delivery/s3-store.ts';
import { hostStatus, releaseManifest } from '../support/documents.ts';
import { freePorts } from '../support/free-ports.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { describeStore } from './store-suite.ts';

const region = 'eu-central-1';
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const { signal } = new AbortController();
let moto: Moto;
let client: S3Client;
let count = 0;

beforeAll(async () => {
  moto = await startMoto({ account: '111122223333' });
  client = new S3Client({ region, endpoint: moto.endpoint, forcePathStyle: true, credentials });
});
afterAll(async () => {
  client.destroy();
  await moto.stop();
});

const aws = () => ({ region, endpoint: moto.endpoint, credentials });
async function newBucket(): Promise<string> {
  count += 1;
  const Bucket = `slipway-test-${count}`;
  await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: region } }));
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  return Bucket;
}
const newStore = async () => openStore(await newBucket(), aws());

describeStore('the store in S3', newStore);

test('publishing moves each byte once: blobs first, the manifest last, and nothing the second time', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-publish-'));
  try {
    const file = (name: string, text: string) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return { path, sha256: sha256(text), size: text.length };
    };
    const files = { app: file('app', 'a'.repeat(100)), runtime: file('runtime', 'r'.repeat(3_000_000)) };
    const manifestBytes = JSON.stringify(releaseManifest());
    const release = { digest: sha256(manifestBytes), manifest: releaseManifest(), manifestBytes, files };
    const contents = Buffer.from('// the agent');
    const agent = { contents, size: contents.length, sha256: sha256(contents) };
    const told: string[] = [];
    const store = await newStore();
    const options = {
      store,
      release,
      agent,
      signal,
      progress: ({ message }: { message: string }) => void told.push(message),
    };
    const bytes = 3_000_100 + contents.length + manifestBytes.length;
    expect(await publish(options)).toEqual({ uploaded: 4, present: 0, bytes });
    expect(told.at(-1)).toContain('manifest uploaded');
    expect(await publish(options)).toEqual({ uploaded: 0, present: 4, bytes: 0 });
    const listed = await client.send(new ListObjectsV2Command({ Bucket: store.bucket }));
    const keys = [
      blobKey(agent.sha256),
      blobKey(files.app.sha256),
      blobKey(files.runtime.sha256),
      releaseKey(release.digest),
    ];
    expect(listed.Contents?.map(({ Key }) => Key).sort()).toEqual(keys.sort());
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('20 uploads of the same object at once: one creates it, nobody fails', async () => {
  const store = await newStore();
  const uploads = Array.from({ length: 20 }, async () => store.putNew(blobKey('same'), { text: 'same' }, signal));
  const results = await Promise.all(uploads);
  expect(results.filter((result) => result === 'created')).toHaveLength(1);
});

test('statuses are read again only when they change, and what is no status is left out', async () => {
  const store = await newStore();
  const put = async (key: string, Body: string) =>
    client.send(new PutObjectCommand({ Bucket: store.bucket, Key: key, Body }));
  await put(statusKey('AROAEXAMPLE:i-a'), serializeHostStatus(hostStatus({ host: 'AROAEXAMPLE:i-a' })));
  await put(statusKey('AROAEXAMPLE:i-b'), '{"evil":true}');
  const [first, ...others] = await store.statuses(signal);
  expect(others).toEqual([]);
  expect(first?.status.host).toBe('AROAEXAMPLE:i-a');
  expect((await store.statuses(signal))[0]?.status).toBe(first?.status);
  await put(statusKey('AROAEXAMPLE:i-a'), serializeHostStatus(hostStatus({ host: 'AROAEXAMPLE:i-a', generation: 9 })));
  expect((await store.statuses(signal))[0]?.status.generation).toBe(9);
});

test('C4: each fault of the store has its code', async () => {
  const missing = openStore('slipway-no-such-bucket', aws());
  expect(await missing.exists(signal)).toBe(false);
  const read = async (store: typeof missing) => store.read(desiredStateKey, parseDesiredState, signal);
  await expect(read(missing)).rejects.toMatchObject({ code: 'bucket-missing' });
  await expect(missing.statuses(signal)).rejects.toMatchObject({ code: 'bucket-missing' });
  const written = missing.compareAndSwap(desiredStateKey, '{}', { etag: null, by: 'ada' }, signal);
  await expect(written).rejects.toMatchObject({ code: 'bucket-missing' });
  const [port] = await freePorts(1);
  const nobody = openStore('slipway-test', { ...aws(), endpoint: `http://localhost:${port}` });
  await expect(read(nobody)).rejects.toMatchObject({ code: 'network' });
  await expect(nobody.putNew('x', { text: 'x' }, signal)).rejects.toMatchObject({ code: 'network' });
});

test('a document of a newer kind is refused by name', async () => {
  const store = await newStore();
  await client.send(new PutObjectCommand({ Bucket: store.bucket, Key: desiredStateKey, Body: '{"schema":2}' }));
  const read = store.read(desiredStateKey, parseDesiredState, signal);
  await expect(read).rejects.toMatchObject({ code: 'invalid-document' });
});

test('an aborted call ends with the reason', async () => {
  const store = await newStore();
  await expect(store.statuses(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});

test('credentials of another account are refused before anything is touched', async () => {
  expect(await callerAccount(aws(), signal)).toBe('111122223333');
  const other = checkAccount({ account: '999999999999', name: 'prod' }, aws(), signal);
  await expect(other).rejects.toMatchObject({ code: 'wrong-account' });
});
