import { createServer, request, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
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

function write(response: ServerResponse | null, text: string): void {
  response?.write(text);
}

async function echoBackend(): Promise<number> {
  const server = createServer((_, response) => response.end());
  server.on('upgrade', (_, socket) => {
    socket.on('error', () => socket.destroy());
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closers.push(() => stop(server));
  return portOf(server);
}

function upgrade(port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: 'echo' };
    const call = request({ host: '127.0.0.1', port, headers, agent: false });
    call.once('upgrade', (_, socket) => {
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
    call.once('response', ({ statusCode }) => reject(new Error(String(statusCode))));
    call.once('error', reject);
    call.end();
  });
}

async function echo(socket: Duplex, text: string): Promise<string> {
  const answer = new Promise((resolve) => socket.once('data', resolve));
  socket.write(text);
  return String(await answer);
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

test('an upgraded connection passes both ways, stays with a host that leaves, and is cut when the drain is over', async () => {
  const lb = await balancer();
  const port = await echoBackend();
  lb.register([target('i-a', port)], check);
  await condition(() => lb.healthy().length === 1);
  const socket = await upgrade(lb.port);
  expect(await echo(socket, 'one')).toBe('one');
  lb.register([], check);
  let isDrained = false;
  const drained = lb.drain('i-a', 300).then(() => (isDrained = true));
  expect(await echo(socket, 'two')).toBe('two');
  expect([isDrained, socket.closed]).toEqual([false, false]);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await drained;
  await closed;
});

test('a drain ends with the last upgraded connection', async () => {
  const lb = await balancer();
  lb.register([target('i-a', await echoBackend())], check);
  await condition(() => lb.healthy().length === 1);
  const socket = await upgrade(lb.port);
  const startedMs = performance.now();
  const drained = lb.drain('i-a', 20_000);
  socket.destroy();
  await drained;
  expect(performance.now() - startedMs).toBeLessThan(10_000);
});

test('an upgrade that no host can take is refused', async () => {
  const lb = await balancer();
  await expect(upgrade(lb.port)).rejects.toThrow('503');
  const port = await backend((_, response) => response.writeHead(404).end());
  lb.register([target('i-a', port)], { ...check, path: '/' });
  const refusing = await backend((_, response) => response.end());
  lb.register([target('i-b', refusing)], check);
  await condition(() => lb.healthy().length === 1);
  await expect(upgrade(lb.port)).rejects.toThrow('200');
});

test('a stream of events passes event by event', async () => {
  const lb = await balancer();
  let stream: ServerResponse | null = null;
  const port = await backend((request, response) => {
    if (request.url === '/events') stream = response.writeHead(200, { 'content-type': 'text/event-stream' });
    else response.end();
    response.flushHeaders();
  });
  lb.register([target('i-a', port)], check);
  await condition(() => lb.healthy().length === 1);
  const response = await fetch(`${lb.url}/events`);
  const reader = response.body?.getReader();
  for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
    write(stream, event);
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe(event);
  }
  await reader?.cancel();
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
