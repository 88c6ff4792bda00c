import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { type HealthCheck, type LoadBalancer, openLoadBalancer } from '../../lib/rehearsal/load-balancer.ts';

const check: HealthCheck = {
  path: '/.slipway/health',
  intervalMs: 20,
  timeoutMs: 1_000,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
};

const closers: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function backend(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closers.push(() => stop(server));
  return portOf(server);
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

async function balancer(): Promise<LoadBalancer> {
  const opened = await openLoadBalancer(null);
  closers.push(() => opened.close());
  return opened;
}

async function condition(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await turn();
}

function finish(response: ServerResponse | null): void {
  response?.end('done');
}

const target = (id: string, port: number) => ({ id, address: '127.0.0.1', port });

test('a host takes traffic after its first passed check, and hosts take turns', async () => {
  const lb = await balancer();
  const ports = await Promise.all(['a', 'b'].map((name) => backend((_, response) => response.end(name))));
  lb.register(
    ports.map((port, i) => target(`i-${i}`, port)),
    check,
  );
  await condition(() => lb.healthy().length === 2);
  const answers = [];
  for (let i = 0; i < 4; i += 1) answers.push(await (await fetch(lb.url)).text());
  expect(answers.toSorted()).toEqual(['a', 'a', 'b', 'b']);
});

test('a host whose check fails as often as the threshold gets no request', async () => {
  const lb = await balancer();
  let status = 200;
  const port = await backend((_, response) => response.writeHead(status).end());
  lb.register([target('i-a', port)], check);
  await condition(() => lb.healthy().length === 1);
  status = 503;
  await condition(() => lb.healthy().length === 0);
  const response = await fetch(lb.url);
  expect([response.status, await response.text()]).toEqual([503, 'load balancer: no healthy host']);
});

test('a request body and its answer pass unchanged', async () => {
  const lb = await balancer();
  const port = await backend((request, response) => {
    if (request.method !== 'POST') response.end();
    else request.pipe(response.writeHead(201, { 'x-kept': 'yes' }));
  });
  lb.register([target('i-a', port)], check);
  await condition(() => lb.healthy().length === 1);
  const body = 'x'.repeat(300_000);
  const response = await fetch(`${lb.url}/echo?a=b`, { method: 'POST', body });
  expect([response.status, response.headers.get('x-kept'), await response.text()]).toEqual([201, 'yes', body]);
});

test('a host that leaves answers what it was asked, and gets nothing new', async () => {
  const lb = await balancer();
  let pending: ServerResponse | null = null;
  const port = await backend((request, response) => {
    if (request.url === '/slow') pending = response;
    else response.end();
  });
  lb.register([target('i-a', port)], check);
  await condition(() => lb.healthy().length === 1);
  const slow = fetch(`${lb.url}/slow`).then((response) => response.text());
  await condition(() => pending !== null);
  lb.register([], check);
  const drained = lb.drain('i-a', 10_000);
  expect((await fetch(lb.url)).status).toBe(503);
  finish(pending);
  expect(await slow).toBe('done');
  await drained;
});

test('a request that a host cuts off is not repeated: the client sees 502 and why', async () => {
  const lb = await balancer();
  let asked = 0;
  const port = await backend((request, response) => {
    if (request.url === '/.slipway/health') {
      response.end();
      return;
    }
    asked += 1;
    request.socket.destroy();
  });
  lb.register([target('i-a', port)], check);
  await condition(() => lb.healthy().length === 1);
  const response = await fetch(lb.url);
  expect([response.status, await response.text(), asked]).toEqual([
    502,
    'load balancer: i-a: ECONNRESET on a new connection',
    1,
  ]);
});

test('a port in use is one clear line', async () => {
  const lb = await balancer();
  await expect(openLoadBalancer(lb.port)).rejects.toMatchObject({
    code: 'port-in-use',
    message: expect.stringContaining('choose another port: --port PORT'),
  });
});
