/** What every real proxy promises to those who send requests through it. */
import { get as httpGet, type IncomingMessage } from 'node:http';
import type { Proxy } from '../../../lib/agent/ports.ts';
import type { Slot } from '../../../lib/contract/host-status.ts';
import { hostHealthPath } from '../../../lib/contract/names.ts';
import { type Load, type LoadProps, once, startLoad } from '../../support/http-load.ts';
import { until } from '../../support/until.ts';

export interface ProxyTrafficSubject {
  readonly proxy: Proxy;
  readonly port: number;
  /** Starts the test service in a slot, and resolves when it answers. */
  readonly startSlot: (slot: Slot, environment?: Readonly<Record<string, string>>) => Promise<void>;
  readonly killSlot: (slot: Slot) => Promise<void>;
  /** SIGKILL to the proxy's process. */
  readonly killProxy: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

const signal = () => AbortSignal.timeout(20_000);
const healthPath = '/health';

export function proxyTrafficContract(name: string, makeSubject: () => Promise<ProxyTrafficSubject>): void {
  describe(`traffic through ${name}`, () => {
    let subject: ProxyTrafficSubject;
    let loads: Load[];
    beforeEach(async () => {
      loads = [];
      subject = await makeSubject();
    });
    afterEach(async () => {
      await Promise.all(loads.map((load) => load.stop()));
      await subject.dispose();
    });
    const load = (props: Omit<LoadProps, 'port'>) => {
      const started = startLoad({ port: subject.port, ...props });
      loads.push(started);
      return started;
    };

    const get = (path: string, method = 'GET', body?: string) =>
      once({ port: subject.port, agent: false, method, path, ...(body === undefined ? {} : { body }) });
    const serving = async () => (await get('/')).text;

    it('S13: loses no request over 20 switches, and keeps the connections of its clients', async () => {
      await subject.startSlot('blue');
      await subject.startSlot('green');
      await subject.proxy.route({ active: 'blue', backup: null, healthPath }, signal());
      const traffic = load({ workers: 16, methods: ['GET', 'POST', 'GET'] });
      for (let i = 0; i < 20; i += 1) {
        const [active, backup] = i % 2 === 0 ? (['green', 'blue'] as const) : (['blue', 'green'] as const);
        await subject.proxy.route({ active, backup, healthPath }, signal());
        const target = traffic.requests() + 150;
        await until('more requests', () => traffic.requests() >= target);
        await subject.proxy.route({ active, backup: null, healthPath }, signal());
      }
      const result = await traffic.stop();
      expect(result.failed).toEqual({});
      expect(result.requests).toBeGreaterThan(3_000);
      expect(result.connections).toBe(16);
    });

    it('moves every new request at once when it switches', async () => {
      await subject.startSlot('blue');
      await subject.startSlot('green');
      await subject.proxy.route({ active: 'blue', backup: null, healthPath }, signal());
      expect(await serving()).toBe('blue');
      const { switchMs } = await subject.proxy.route({ active: 'green', backup: 'blue', healthPath }, signal());
      const answers = await Promise.all(Array.from({ length: 50 }, serving));
      expect(new Set(answers)).toEqual(new Set(['green']));
      expect(switchMs).toBeLessThan(1_000);
    });

    it('lets requests in flight finish where they began', async () => {
      await subject.startSlot('blue');
      await subject.startSlot('green');
      await subject.proxy.route({ active: 'blue', backup: null, healthPath }, signal());
      const slow = get('/slow?ms=400');
      const slowPost = get('/slow?ms=400', 'POST');
      await get('/');
      await subject.proxy.route({ active: 'green', backup: null, healthPath }, signal());
      expect(await serving()).toBe('green');
      expect((await slow).text).toBe('blue');
      expect((await slowPost).text).toBe('blue');
    });

    it('S13: loses no idempotent request when the active slot is killed while the old one is hot', async () => {
      await subject.startSlot('blue');
      await subject.startSlot('green');
      await subject.proxy.route({ active: 'green', backup: 'blue', healthPath }, signal());
      const traffic = load({ workers: 32, methods: ['GET', 'PUT', 'HEAD', 'DELETE'] });
      const inFlight = load({ workers: 16, methods: ['GET'], path: '/slow?ms=100' });
      await until('some requests', () => traffic.requests() > 500 && inFlight.requests() > 32);
      await subject.killSlot('green');
      const target = traffic.requests() + 2_000;
      await until('more requests', () => traffic.requests() >= target);
      await inFlight.stop().then((result) => expect(result.failed).toEqual({}));
      const result = await traffic.stop();
      expect(result.failed).toEqual({});
      expect(await serving()).toBe('blue');
    });

    it('loses requests in the same crash where there is no backup: this load would see them', async () => {
      await subject.startSlot('blue');
      await subject.startSlot('green');
      await subject.proxy.route({ active: 'green', backup: null, healthPath }, signal());
      const inFlight = load({ workers: 16, methods: ['GET'], path: '/slow?ms=100' });
      await until('some requests', () => inFlight.requests() > 32);
      await subject.killSlot('green');
      const { failed } = await inFlight.stop();
      expect(Object.values(failed).reduce((sum, one) => sum + one, 0)).toBeGreaterThan(0);
    });

    it('sends nothing to a slot that is neither active nor backup, even when nobody else can answer', async () => {
      await subject.startSlot('blue');
      await subject.startSlot('green');
      await subject.proxy.route({ active: 'green', backup: null, healthPath }, signal());
      await subject.killSlot('green');
      const answers = await Promise.all(Array.from({ length: 20 }, () => get('/')));
      expect(answers.every(({ status }) => status === 503 || status === 502)).toBe(true);
    });

    it('never repeats a POST', async () => {
      await subject.startSlot('blue');
      await subject.startSlot('green');
      await subject.proxy.route({ active: 'green', backup: 'blue', healthPath }, signal());
      const answer = await get('/broken', 'POST');
      expect(answer.status).toBe(502);
      expect((await get('/count')).text).toBe('1');
      await subject.proxy.route({ active: 'blue', backup: null, healthPath }, signal());
      expect((await get('/count')).text).toBe('0');
    });

    it('never fails a request over a connection that the service has closed after a pause', async () => {
      await subject.startSlot('blue', { KEEP_ALIVE_MS: '40' });
      await subject.proxy.route({ active: 'blue', backup: null, healthPath }, signal());
      const failed: string[] = [];
      for (let i = 0; i < 60; i += 1) {
        // Around the moment in which the service closes.
        await new Promise((resolve) => setTimeout(resolve, 30 + (i % 20)));
        const answers = await Promise.all([get('/'), get('/echo', 'POST', 'x'), get('/', 'PUT', 'y')]);
        failed.push(...answers.filter(({ ok }) => !ok).map(({ text }) => text));
      }
      expect(failed).toEqual([]);
    });

    it('answers the load balancer: 200 while a slot can serve, else 503', async () => {
      await subject.proxy.route({ active: null, backup: null, healthPath: null }, signal());
      expect((await get(hostHealthPath)).status).toBe(503);
      await subject.startSlot('blue');
      await subject.startSlot('green');
      await subject.proxy.route({ active: 'green', backup: 'blue', healthPath }, signal());
      expect((await get(hostHealthPath)).status).toBe(200);
      await subject.killSlot('green');
      await get('/');
      expect((await get(hostHealthPath)).status).toBe(200);
      await subject.killSlot('blue');
      await until('503', async () => (await get(hostHealthPath)).status === 503);
      await subject.startSlot('green');
      await subject.proxy.route({ active: 'green', backup: null, healthPath }, signal());
      expect((await get(hostHealthPath)).status).toBe(200);
      expect(await serving()).toBe('green');
    });

    it('comes back with the same route when its process was killed', async () => {
      await subject.startSlot('blue');
      await subject.startSlot('green');
      await subject.proxy.route({ active: 'blue', backup: null, healthPath }, signal());
      await subject.proxy.route({ active: 'green', backup: 'blue', healthPath }, signal());
      await subject.killProxy();
      expect(await subject.proxy.inspect(signal())).toEqual({ running: false, active: null, backup: null });
      await subject.proxy.route({ active: 'green', backup: 'blue', healthPath }, signal());
      expect(await subject.proxy.inspect(signal())).toEqual({ running: true, active: 'green', backup: 'blue' });
      expect(await serving()).toBe('green');
    });

    it('passes bodies, status codes and the headers of the load balancer unchanged', async () => {
      await subject.startSlot('blue');
      await subject.proxy.route({ active: 'blue', backup: null, healthPath }, signal());
      const text = 'ä'.repeat(300_000);
      expect((await get('/echo', 'POST', text)).text).toBe(text);
      expect((await get('/length', 'PUT', 'x'.repeat(1_000_000))).text).toBe('1000000');
      expect((await get('/nowhere')).status).toBe(404);
      const response = await fetch(`http://127.0.0.1:${subject.port}/headers`, {
        headers: { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https', 'x-amzn-trace-id': 'Root=1' },
      });
      expect(await response.json()).toMatchObject({
        'x-forwarded-for': '203.0.113.9',
        'x-forwarded-proto': 'https',
        'x-amzn-trace-id': 'Root=1',
        host: `127.0.0.1:${subject.port}`,
      });
    });

    it('lets the client see that an answer is not whole', async () => {
      await subject.startSlot('blue');
      await subject.proxy.route({ active: 'blue', backup: null, healthPath }, signal());
      expect(await get('/half')).toMatchObject({ ok: false, status: 0 });
    });

    it('passes upgraded connections, which stay where they are over a switch', async () => {
      await subject.startSlot('blue');
      await subject.startSlot('green');
      await subject.proxy.route({ active: 'blue', backup: null, healthPath }, signal());
      const socket = await openUpgrade(subject.port);
      expect(socket.slot).toBe('blue');
      await subject.proxy.route({ active: 'green', backup: 'blue', healthPath }, signal());
      expect(await socket.echo('still there')).toBe('still there');
      socket.close();
    });

    it('keeps the connections of a slot that leaves, counts them, and gives it nothing new', async () => {
      await subject.startSlot('blue');
      await subject.startSlot('green');
      await subject.proxy.route({ active: 'blue', backup: null, healthPath }, signal());
      const socket = await openUpgrade(subject.port);
      const stream = await openStream(subject.port);
      const slow = get('/slow?ms=700');
      const open = () => subject.proxy.connections('blue', signal());
      await until('three connections', async () => (await open()) === 3);
      await subject.proxy.route({ active: 'green', backup: null, healthPath }, signal());
      expect(await open()).toBe(3);
      expect((await slow).text).toBe('blue');
      await until('two connections', async () => (await open()) === 2);
      expect(await socket.echo('still there')).toBe('still there');
      await stream.next();
      expect(new Set(await Promise.all(Array.from({ length: 20 }, serving)))).toEqual(new Set(['green']));
      socket.close();
      stream.close();
      await until('no connection', async () => (await open()) === 0);
      expect(await subject.proxy.connections('green', signal())).toBe(0);
    });
  });
}

async function openStream(port: number) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpGet({ host: '127.0.0.1', port, path: '/events', agent: false }, resolve).once('error', reject);
  });
  const next = () =>
    new Promise<void>((resolve, reject) => {
      response.once('data', () => resolve());
      response.once('error', reject);
    });
  await next();
  return { next, close: () => response.destroy() };
}

async function openUpgrade(port: number) {
  const { request } = await import('node:http');
  return new Promise<{ slot: unknown; echo: (text: string) => Promise<string>; close: () => void }>(
    (resolve, reject) => {
      const call = request({
        host: '127.0.0.1',
        port,
        path: '/socket',
        agent: false,
        headers: { connection: 'Upgrade', upgrade: 'echo' },
      });
      call.once('error', reject);
      call.once('response', (response) => reject(new Error(`answered ${response.statusCode}`)));
      call.once('upgrade', (response, socket) => {
        resolve({
          slot: response.headers['x-slot'],
          echo: (text) =>
            new Promise((resolve, reject) => {
              socket.once('data', (chunk: Buffer) => resolve(chunk.toString()));
              socket.once('close', () => reject(new Error('closed')));
              socket.write(text);
            }),
          close: () => socket.destroy(),
        });
      });
      call.end();
    },
  );
}
