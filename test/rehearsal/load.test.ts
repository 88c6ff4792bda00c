import { createServer, type RequestListener, type Server } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { type Load, startLoad } from '../../lib/rehearsal/load.ts';

let server: Server;
let load: Load;

async function against(listener: RequestListener): Promise<Load> {
  server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  load = startLoad({
    port: typeof address === 'object' && address ? address.port : 0,
    perSecond: 1_000,
    connections: 4,
  });
  return load;
}

afterEach(async () => {
  await load.stop();
  server.close();
  server.closeAllConnections();
});

async function condition(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await turn();
}

test('answered requests are counted, and none has failed', async () => {
  const running = await against((_, response) => response.end('ok'));
  await condition(() => running.figures().requests >= 50);
  const { requests, failed, failures, p50Ms, p99Ms } = await running.stop();
  expect({ failed, failures }).toEqual({ failed: 0, failures: [] });
  expect(requests).toBeGreaterThanOrEqual(50);
  expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
});

test('a 5xx answer and a cut connection are failures, with what was asked and why', async () => {
  const running = await against((request, response) => {
    if (request.url === '/version') request.socket.destroy();
    else response.writeHead(request.method === 'POST' ? 503 : 404).end('no');
  });
  await condition(() => running.figures().failed >= 6);
  const seen = new Set(running.figures().failures.map(({ request, reason }) => `${request}: ${reason}`));
  expect([...seen].toSorted()).toEqual(['GET /version: ECONNRESET', 'POST /echo: 503 no']);
});

test('only idempotent requests are sent when asked for', async () => {
  const methods = new Set<string | undefined>();
  const running = await against((request, response) => {
    methods.add(request.method);
    response.end();
  });
  running.only('idempotent');
  await condition(() => running.figures().requests >= 40);
  expect([...methods]).toEqual(['GET']);
});

test('the release that answers is known by when it was first and last asked', async () => {
  let release = 'old';
  const running = await against((_, response) => response.end(JSON.stringify({ release })));
  await condition(() => running.sightings().has('old'));
  release = 'new';
  await condition(() => running.sightings().has('new'));
  const [old, next] = [running.sightings().get('old'), running.sightings().get('new')];
  expect(next?.lastSentAt).toBeGreaterThanOrEqual(old?.firstSentAt ?? Infinity);
});
