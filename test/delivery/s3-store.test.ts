import { createServer, type Server } from 'node:http';
import { openStore } from '../../lib/delivery/s3-store.ts';

const signal = new AbortController().signal;
let server: Server | null = null;

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

/** Carries the first write out and loses its answer; from then on the object is there, as `stored`. */
async function losesFirstAnswer(stored: string) {
  let writes = 0;
  const listening = createServer((request, response) => {
    request.resume();
    request.once('end', () => {
      writes += request.method === 'PUT' ? 1 : 0;
      if (request.method === 'PUT' && writes === 1) request.socket.destroy();
      else if (request.method === 'PUT') response.writeHead(412).end('<Error><Code>PreconditionFailed</Code></Error>');
      else response.writeHead(200, { etag: '"mine"' }).end(stored);
    });
  });
  server = listening;
  await new Promise<void>((resolve) => {
    listening.listen(0, '127.0.0.1', resolve);
  });
  const address = listening.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return openStore('bucket', {
    region: 'eu-central-1',
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
}

test('C2: a write whose answer was lost, and whose repetition loses to it, has won', async () => {
  const store = await losesFirstAnswer('{"a":1}');
  const written = await store.compareAndSwap('desired.json', '{"a":1}', { etag: null, by: 'ada' }, signal);
  expect(written).toEqual({ kind: 'written', etag: '"mine"' });
});

test('C2: a repetition that loses to what somebody else wrote has lost', async () => {
  const store = await losesFirstAnswer('{"a":2}');
  const written = await store.compareAndSwap('desired.json', '{"a":1}', { etag: null, by: 'ada' }, signal);
  expect(written).toEqual({ kind: 'lost' });
});
