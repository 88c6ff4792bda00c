import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import { text as readText } from 'node:stream/consumers';
import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type AwsClient, createAwsClient } from '../../../lib/agent/adapters/aws-client.ts';
import { awsAccessOf } from '../../../lib/agent/adapters/aws-credentials.ts';
import { createCloudwatchMetrics } from '../../../lib/agent/adapters/cloudwatch-metrics.ts';
import { createS3Bucket } from '../../../lib/agent/adapters/s3-bucket.ts';
import { createS3DesiredState } from '../../../lib/agent/adapters/s3-desired-state.ts';
import { createS3Releases } from '../../../lib/agent/adapters/s3-releases.ts';
import { createS3Status } from '../../../lib/agent/adapters/s3-status.ts';
import { createSsmParameters } from '../../../lib/agent/adapters/ssm-parameters.ts';
import { systemClock } from '../../../lib/agent/adapters/system-clock.ts';
import { sha256 } from '../../../lib/contract/canonical-json.ts';
import { serializeDesiredState } from '../../../lib/contract/desired-state.ts';
import { serializeHostStatus } from '../../../lib/contract/host-status.ts';
import { metricDimensions, metricNamespace } from '../../../lib/contract/metric-names.ts';
import { blobKey, desiredStateKey, releaseKey, statusKey } from '../../../lib/contract/names.ts';
import { desiredState, hostStatus } from '../../support/documents.ts';
import { type Moto, startMoto } from '../../support/moto.ts';
import { desiredStateContract } from '../contract/desired-state-contract.ts';
import { metricsContract } from '../contract/metrics-contract.ts';
import { parameterSourceContract } from '../contract/parameter-source-contract.ts';
import { releaseSourceContract } from '../contract/release-source-contract.ts';
import { statusBoardContract } from '../contract/status-board-contract.ts';

const region = 'eu-central-1';
const signal = () => AbortSignal.timeout(30_000);
const text = (generation: number) => serializeDesiredState(desiredState({ generation }));
const errorBody = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`;

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
}, 60_000);
afterAll(() => moto.stop());

function clientOf(endpoint: string) {
  const access = { ...awsAccessOf(process.env), endpoint };
  return createAwsClient({ region, access, clock: systemClock });
}

/** A bucket of its own for each test. */
async function newBucket() {
  const name = `bucket-${randomUUID()}`;
  const ssm = new SSMClient({ region, endpoint: moto.endpoint });
  const s3 = new S3Client({ region, endpoint: moto.endpoint, forcePathStyle: true });
  const client = clientOf(moto.endpoint);
  const bucket = createS3Bucket({ client, name });
  await s3.send(new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration: { LocationConstraint: region } }));
  const put = async (key: string, body: string | Buffer) => {
    await s3.send(new PutObjectCommand({ Bucket: name, Key: key, Body: body }));
  };
  return { bucket, client, s3, ssm, put };
}

async function desiredStateSubject() {
  const { bucket, s3, put } = await newBucket();
  return {
    source: createS3DesiredState({ bucket, key: desiredStateKey }),
    put: async (text: string | null) => {
      if (text === null) await s3.send(new DeleteObjectCommand({ Bucket: bucket.name, Key: desiredStateKey }));
      else await put(desiredStateKey, text);
    },
  };
}

desiredStateContract('S3', desiredStateSubject);

releaseSourceContract('S3', async () => {
  const { bucket, put } = await newBucket();
  return {
    releases: createS3Releases({ bucket }),
    putManifest: (digest, text) => put(releaseKey(digest), text),
    putBlob: (digest, bytes) => put(blobKey(digest), bytes),
  };
});

parameterSourceContract('SSM', async () => {
  const { client, ssm } = await newBucket();
  return {
    parameters: createSsmParameters({ client }),
    async put(name, value) {
      await ssm.send(new PutParameterCommand({ Name: name, Value: value, Type: 'SecureString' }));
    },
  };
});

statusBoardContract('S3', async () => {
  const { bucket } = await newBucket();
  return { boardOf: (host) => createS3Status({ bucket, host }) };
});

metricsContract('CloudWatch', async () => {
  const client = clientOf(moto.endpoint);
  const environment = `dev-${randomUUID().slice(0, 8)}`;
  return {
    metrics: createCloudwatchMetrics({ client, service: 'hello', environment }),
    sumOf: async (name) => sumOf(client, name, { service: 'hello', environment }),
  };
});

/** As an alarm asks for it: by the name and all dimensions. */
async function sumOf(client: AwsClient, name: string, identity: Parameters<typeof metricDimensions>[0]) {
  const dimensions = Object.entries(metricDimensions(identity)).flatMap(([dimension, value], i): [string, string][] => [
    [`Dimensions.member.${i + 1}.Name`, dimension],
    [`Dimensions.member.${i + 1}.Value`, value],
  ]);
  const now = Date.now();
  const body = new URLSearchParams([
    ['Action', 'GetMetricStatistics'],
    ['Version', '2010-08-01'],
    ['Namespace', metricNamespace],
    ['MetricName', name],
    ['Period', '3600'],
    ['StartTime', new Date(now - 3_600_000).toISOString()],
    ['EndTime', new Date(now + 3_600_000).toISOString()],
    ['Statistics.member.1', 'Sum'],
    ...dimensions,
  ]).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await client.send('monitoring', { method: 'POST', headers, body }, signal());
  const sums = [...(await readText(answer)).matchAll(/<Sum>([\d.]+)<\/Sum>/g)];
  return sums.length === 0 ? null : sums.reduce((sum, [, one]) => sum + Number(one), 0);
}

describe('the desired state in S3', () => {
  it('is told to be invalid once, until it changes', async () => {
    const { source, put } = await desiredStateSubject();
    await put(text(1));
    await source.read(signal());
    await put('{}');
    expect(await source.read(signal())).toMatchObject({ kind: 'invalid' });
    expect(await source.read(signal())).toEqual({ kind: 'unchanged' });
    await put(text(1));
    expect(await source.read(signal())).toMatchObject({ kind: 'changed' });
  });

  it('is told again when it was gone for a while', async () => {
    const { source, put } = await desiredStateSubject();
    await put(text(1));
    await source.read(signal());
    await put(null);
    expect(await source.read(signal())).toEqual({ kind: 'absent' });
    await put(text(1));
    expect(await source.read(signal())).toMatchObject({ kind: 'changed' });
  });

  it('is unavailable, not absent, while there is no bucket', async () => {
    const bucket = createS3Bucket({ client: clientOf(moto.endpoint), name: 'bucket-that-is-missing' });
    const source = createS3DesiredState({ bucket, key: desiredStateKey });
    expect(await source.read(signal())).toMatchObject({ kind: 'unavailable', cause: 'missing-bucket' });
  });
});

describe('the status board in S3', () => {
  it('leaves out what is no status, and what speaks for another host', async () => {
    const { bucket, put } = await newBucket();
    await put(statusKey('role:i-1'), serializeHostStatus(hostStatus({ host: 'role:i-1' })));
    await put(statusKey('role:i-2'), serializeHostStatus(hostStatus({ host: 'role:i-1' })));
    await put(statusKey('role:i-3'), '{"schema":1}');
    await put(statusKey('role:i-4'), 'x'.repeat(200_000));
    const listed = await createS3Status({ bucket, host: 'role:i-1' }).list(signal());
    expect(listed.map(({ status }) => status.host)).toEqual(['role:i-1']);
  });

  it('fails with its code when it cannot be reached', async () => {
    const bucket = createS3Bucket({ client: clientOf(moto.endpoint), name: 'bucket-that-is-missing' });
    const board = createS3Status({ bucket, host: 'role:i-1' });
    await expect(board.list(signal())).rejects.toMatchObject({ code: 'store-list-failed' });
    await expect(board.write(hostStatus(), signal())).rejects.toMatchObject({ code: 'store-write-failed' });
  });
});

describe('metrics in CloudWatch', () => {
  it('fail with their code when they cannot be put', async () => {
    const client = clientOf('http://127.0.0.1:9');
    const metrics = createCloudwatchMetrics({ client, service: 'hello', environment: 'dev' });
    const failed = metrics.put([{ name: 'Repairs', value: 1 }], signal());
    await expect(failed).rejects.toMatchObject({ code: 'metrics-failed' });
  });
});

describe('S9: when S3 does not behave', () => {
  let server: Server;
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  async function against(answer: RequestListener) {
    server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const bucket = createS3Bucket({ client: clientOf(`http://127.0.0.1:${port}`), name: 'bucket' });
    return {
      source: createS3DesiredState({ bucket, key: desiredStateKey }),
      releases: createS3Releases({ bucket }),
    };
  }

  it.each([
    ['denied', 403, errorBody('AccessDenied')],
    ['denied', 403, ''],
    ['throttled', 503, errorBody('SlowDown')],
    ['throttled', 429, ''],
    ['server', 500, errorBody('InternalError')],
    ['server', 502, '<html>bad gateway</html>'],
  ])('is %s after status %i', async (cause, status, body) => {
    const { source } = await against((_request, response) => response.writeHead(status).end(body));
    expect(await source.read(signal())).toMatchObject({ kind: 'unavailable', cause });
  });

  it('asks at most twice', async () => {
    let requests = 0;
    const { source } = await against((_request, response) => {
      requests += 1;
      response.writeHead(500).end();
    });
    await source.read(signal());
    expect(requests).toBe(2);
  });

  it('is unavailable when the connection is reset, and when nobody listens', async () => {
    const { source } = await against((request) => request.socket.destroy());
    expect(await source.read(signal())).toMatchObject({ kind: 'unavailable', cause: 'network' });
  });

  it('is unavailable when the caller has no more time', async () => {
    const { source } = await against(() => undefined);
    expect(await source.read(AbortSignal.timeout(200))).toMatchObject({ kind: 'unavailable', cause: 'timeout' });
  });

  it('A9: does not take a cut document for a whole one, and asks for all of it again', async () => {
    const body = serializeDesiredState(desiredState());
    let cut = true;
    const { source } = await against((request, response) => {
      expect(request.headers['if-none-match']).toBeUndefined();
      response.writeHead(200, { etag: '"1"', 'content-length': String(body.length) });
      if (cut) response.write(body.slice(0, 50), () => request.socket.destroy());
      else response.end(body);
    });
    expect(await source.read(signal())).toMatchObject({ kind: 'unavailable', cause: 'network' });
    cut = false;
    expect(await source.read(signal())).toMatchObject({ kind: 'changed' });
  });

  it('A9: stops reading endless documents', async () => {
    let sent = 0;
    const { source, releases } = await against((_request, response) => {
      response.writeHead(200, { etag: '"1"' });
      const more = () => {
        sent += 65_536;
        if (!response.destroyed) response.write(Buffer.alloc(65_536, 'x'), more);
      };
      more();
    });
    expect(await source.read(signal())).toMatchObject({ kind: 'invalid' });
    const manifest = await releases.manifest(sha256('x'), signal());
    expect(manifest).toMatchObject({ kind: 'refused', reason: 'digest-mismatch' });
    expect(sent).toBeLessThan(20_000_000);
  });

  it('A9: breaks the stream of a blob that is cut, and when the caller gives up', async () => {
    const { releases } = await against((request, response) => {
      response.writeHead(200, { 'content-length': '100000' });
      response.write('x'.repeat(1_000));
      if (request.url?.includes(sha256('cut'))) setTimeout(() => request.socket.destroy(), 50);
    });
    const read = async (name: string, stop: AbortSignal) => {
      const fetched = await releases.blob(sha256(name), stop);
      if (fetched.kind !== 'fetched') throw new Error(fetched.detail);
      for await (const chunk of fetched.value) expect(chunk).toBeDefined();
    };
    await expect(read('cut', signal())).rejects.toThrow();
    await expect(read('stuck', AbortSignal.timeout(200))).rejects.toThrow();
  });
});
