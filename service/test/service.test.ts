/** The service over real HTTP, in this process; its life as a process is tested with `node dist/server.js`. */
// oxlint-disable typescript/no-floating-promises -- node:test itself awaits its tests
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, test } from 'node:test';
import { health } from '../src/health.ts';
import { hueOf } from '../src/page.ts';
import { createService, type Service } from '../src/service.ts';
import { readSettings } from '../src/settings.ts';

const release = 'a'.repeat(64);
const settings = readSettings({
  PORT: '0',
  GREETING: '<b>Hi</b>',
  SLIPWAY_RELEASE: release,
  SLIPWAY_ENVIRONMENT: 'dev',
  SLIPWAY_HOST: 'i-1',
  SLIPWAY_SLOT: 'blue',
});

let service: Service;
let base: string;

beforeEach(async () => {
  service = createService(settings);
  await service.start();
  base = `http://127.0.0.1:${portOf(service)}`;
});

afterEach(async () => {
  if (service.server.listening) await service.stop(0);
});

test('health is 200 while it may take traffic, and 503 while it starts or stops', async () => {
  assert.equal((await fetch(`${base}/health`)).status, 200);
  assert.equal(health('starting').status, 503);
  // Two requests on one connection: the second is read when the stop has begun.
  const socket = connect(portOf(service), '127.0.0.1');
  const answers = textOf(socket);
  socket.write('POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n12');
  await once(service.server, 'request');
  const stopped = service.stop(5_000);
  socket.write('34GET /health HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.match(await answers, /^HTTP\/1.1 200 [^]*HTTP\/1.1 503 [^]*connection: close[^]*"stopping"/);
  assert.equal(await stopped, true);
});

test('a request in flight is answered whole before the stop ends', async () => {
  const slow = httpRequest(`${base}/echo`, { method: 'POST' });
  slow.write('first ');
  await once(service.server, 'request');
  const stopped = service.stop(5_000);
  slow.end('last');
  const [answer] = await once(slow, 'response');
  assert.match(await textOf(answer), /"body":"first last"/);
  assert.equal(await stopped, true);
});

test('an idle connection does not hold the stop up', async () => {
  const agent = new Agent({ keepAlive: true });
  await ask(`${base}/version`, agent);
  assert.equal(await service.stop(5_000), true);
  agent.destroy();
});

test('a client that never ends its request is cut off at the deadline, and the stop says so', async () => {
  const endless = httpRequest(`${base}/echo`, { method: 'POST' });
  const broken = once(endless, 'error');
  endless.write('first ');
  await once(service.server, 'request');
  assert.equal(await service.stop(50), false);
  await broken;
});

test('version names the release, where it runs and since when', async () => {
  const answer: unknown = await (await fetch(`${base}/version`)).json();
  assert.ok(typeof answer === 'object' && answer !== null);
  const { uptimeSeconds, ...rest } = { uptimeSeconds: undefined, ...answer };
  assert.equal(typeof uptimeSeconds, 'number');
  assert.deepEqual(rest, {
    release,
    environment: 'dev',
    host: 'i-1',
    slot: 'blue',
    commit: 'uncommitted',
    node: process.versions.node,
  });
});

test('the page shows where it comes from, escapes what it shows, and loads nothing', async () => {
  const answer = await fetch(base);
  const html = await answer.text();
  assert.match(html, /<h1>&lt;b&gt;Hi&lt;\/b&gt;<\/h1>/);
  for (const shown of [release.slice(0, 12), 'dev', 'i-1', 'blue']) assert.ok(html.includes(shown), shown);
  assert.doesNotMatch(html, /(?:src|href)="(?!data:|\/)/);
  assert.match(answer.headers.get('content-security-policy') ?? '', /^default-src 'none'; style-src 'sha256-/);
});

test('another release has another colour', () => {
  assert.notEqual(hueOf(release), hueOf('b'.repeat(64)));
});

test('a body above the limit is refused', async () => {
  const answer = await fetch(`${base}/echo`, { method: 'POST', body: 'x'.repeat(64 * 1024 + 1) });
  assert.equal(answer.status, 413);
});

test('what is not here is 404; the wrong method is 405 with what is allowed', async () => {
  assert.equal((await fetch(`${base}/nothing`)).status, 404);
  const answer = await fetch(`${base}/echo`);
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.get('allow'), 'POST');
});

test('the server outlives the idle time of the proxy in front of it', () => {
  assert.ok(service.server.keepAliveTimeout >= 90_000);
  assert.ok(service.server.headersTimeout > service.server.keepAliveTimeout);
});

test('a port that is none is refused by name', () => {
  assert.throws(() => readSettings({ PORT: 'http' }), /^Error: PORT: /);
});

function portOf({ server }: Service): number {
  const address: AddressInfo | string | null = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

async function ask(url: string, agent: Agent): Promise<string> {
  const [answer] = await once(httpRequest(url, { agent }).end(), 'response');
  return textOf(answer);
}

async function textOf(answer: Readable): Promise<string> {
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return text;
}
