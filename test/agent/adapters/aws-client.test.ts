import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { addressIn, type AwsClient, createAwsClient, readBody } from '../../../lib/agent/adapters/aws-client.ts';
import { createExchange } from '../../../lib/agent/adapters/aws-http.ts';
import { createS3Bucket } from '../../../lib/agent/adapters/s3-bucket.ts';
import { createSsmParameters } from '../../../lib/agent/adapters/ssm-parameters.ts';
import type { Clock } from '../../../lib/agent/ports.ts';

const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: 'IQoJb3JpZ2luX2VjEXAMPLE//TOKEN==',
};
const signal = () => AbortSignal.timeout(10_000);
const get = { method: 'GET', path: '/bucket/key' } as const;
const startMs = Date.parse('2026-11-23T12:00:00Z');
const clock: Clock = { monotonicMs: () => 0, now: () => new Date(startMs), sleep: async () => undefined };

let server: Server | null = null;
afterEach(async () => {
  if (server === null) return;
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  server = null;
});

async function listen(answer: RequestListener): Promise<string> {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

async function against(answer: RequestListener): Promise<AwsClient> {
  const access = { endpoint: await listen(answer), metadataEndpoint: null, credentials };
  return createAwsClient({ region: 'eu-central-1', access, clock });
}

describe('an address of AWS', () => {
  it.each([
    ['eu-central-1', 's3', 'my-bucket', 'my-bucket.s3.eu-central-1.amazonaws.com'],
    ['eu-central-1', 'ssm', '', 'ssm.eu-central-1.amazonaws.com'],
    ['us-gov-west-1', 'monitoring', '', 'monitoring.us-gov-west-1.amazonaws.com'],
    ['cn-north-1', 's3', 'my-bucket', 'my-bucket.s3.cn-north-1.amazonaws.com.cn'],
  ] as const)('in %s, of %s, is encrypted and of that region', (region, service, subdomain, hostname) => {
    expect(addressIn(region)(service, subdomain)).toEqual({ protocol: 'https:', hostname, port: null });
  });

  it('has the bucket in its path where no certificate covers its name', async () => {
    const calls: unknown[] = [];
    const client: AwsClient = {
      isEmulated: false,
      send: async (_service, call) => {
        calls.push(call);
        throw new Error('enough');
      },
    };
    for (const name of ['plain', 'with.dots']) {
      await expect(createS3Bucket({ client, name }).get('a b/c', undefined, signal())).rejects.toThrow('enough');
    }
    expect(calls).toMatchObject([{ subdomain: 'plain', path: '/a%20b/c' }, { path: '/with.dots/a%20b/c' }]);
  });
});

/** As AWS explains a wrong signature: with what it got. */
const echo = (request: IncomingMessage) =>
  `x-amz-security-token:${String(request.headers['x-amz-security-token'])} ${credentials.secretAccessKey} ${credentials.accessKeyId}`;

describe('V7: what a service says back of the credentials', () => {
  it.each([
    ['JSON', (said: string) => JSON.stringify({ __type: 'x#InvalidSignatureException', message: said })],
    ['XML', (said: string) => `<Error><Code>SignatureDoesNotMatch</Code><Message>${said}</Message></Error>`],
  ])('in %s is in no message', async (_form, body) => {
    const client = await against((request, response) => response.writeHead(403).end(body(echo(request))));
    const read = await createSsmParameters({ client }).read('/a', 1, signal());
    expect(read).toMatchObject({ kind: 'unavailable', cause: 'denied' });
    const text = JSON.stringify(read);
    expect(text).toContain('x-amz-security-token:***');
    for (const one of Object.values(credentials)) expect(text).not.toContain(one);
  });

  it('nor is a parameter, where the answer is cut or of another form', async () => {
    const bodies = [
      '{"Parameter":{"Value":"hunter2',
      '{"Parameter":"hunter2"}',
      '{"Parameter":{"Value":"hunter2","Version":9}}',
    ];
    for (const body of bodies) {
      const client = await against((_request, response) => response.end(body));
      const read = await createSsmParameters({ client }).read('/a', 1, signal());
      expect(read.kind).not.toBe('fetched');
      expect(JSON.stringify(read)).not.toContain('hunter2');
      server?.closeAllConnections();
      server?.close();
    }
  });
});

describe('S8: a machine whose clock is wrong', () => {
  const skewed = '<Error><Code>RequestTimeTooSkewed</Code><Message>no</Message></Error>';
  const dates: unknown[] = [];
  const strict: RequestListener = (request, response) => {
    const signedAt = String(request.headers['x-amz-date']);
    dates.push(signedAt);
    const isRight = signedAt.startsWith('20261124T1200');
    response.setHeader('date', 'Tue, 24 Nov 2026 12:00:00 GMT');
    response.writeHead(isRight ? 200 : 403).end(isRight ? 'well' : skewed);
  };

  it('signs by the clock of the service, once that was told', async () => {
    const client = await against(strict);
    for (let call = 0; call < 2; call += 1) {
      const answer = await client.send('s3', get, signal());
      expect(await readBody(answer, 100, signal())).toMatchObject({ text: 'well' });
    }
    expect(dates).toEqual(['20261123T120000Z', '20261124T120000Z', '20261124T120000Z']);
  });

  it('does not ask again and again where that does not help', async () => {
    let calls = 0;
    const client = await against((_request, response) => {
      calls += 1;
      response.setHeader('date', new Date(startMs + calls * 3_600_000).toUTCString());
      response.writeHead(403).end(skewed);
    });
    await expect(client.send('s3', get, signal())).rejects.toMatchObject({ awsCode: 'RequestTimeTooSkewed' });
    expect(calls).toBe(2);
  });
});

describe('S9: a call', () => {
  it('that is denied is not made again', async () => {
    let calls = 0;
    const client = await against((_request, response) => {
      calls += 1;
      response.setHeader('date', new Date(startMs).toUTCString());
      response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
    });
    await expect(client.send('s3', get, signal())).rejects.toMatchObject({ awsCode: 'AccessDenied', status: 403 });
    expect(calls).toBe(1);
  });

  it('is made on the connection of the one before', async () => {
    const ports = new Set<unknown>();
    const client = await against((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('well');
    });
    for (let call = 0; call < 3; call += 1) await readBody(await client.send('s3', get, signal()), 100, signal());
    expect(ports.size).toBe(1);
  });

  it('ends when nothing comes, before the head and within the body', async () => {
    const endpoint = new URL(
      await listen((request, response) => {
        if (request.url === '/body') response.writeHead(200, { 'content-length': '10' }).write('x');
      }),
    );
    const exchange = createExchange({ connectMs: 2_000, silenceMs: 100 });
    const call = {
      method: 'GET',
      protocol: 'http:',
      hostname: endpoint.hostname,
      port: Number(endpoint.port),
      headers: {},
      body: null,
    } as const;
    const timedOut = { name: 'TimeoutError', code: 'ETIMEDOUT' };
    await expect(exchange({ ...call, path: '/head' }, signal())).rejects.toMatchObject(timedOut);
    const answer = await exchange({ ...call, path: '/body' }, signal());
    await expect(readBody(answer, 100, signal())).rejects.toMatchObject(timedOut);
  });

  it('that the caller gives up in its body ends as one that was given up', async () => {
    const client = await against((_request, response) =>
      response.writeHead(200, { 'content-length': '10' }).write('x'),
    );
    const stop = new AbortController();
    const answer = await client.send('s3', get, stop.signal);
    const reading = readBody(answer, 100, stop.signal);
    stop.abort();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });
});
