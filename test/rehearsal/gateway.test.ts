import { createServer, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Gateway, openGateway } from '../../lib/rehearsal/gateway.ts';

let directory: string;
let server: Server;
let gateway: Gateway;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 's-'));
  server = createServer((request, response) => {
    response.writeHead(request.url === '/missing' ? 404 : 200, { 'x-host': request.headers.host });
    request.pipe(response);
  });
  const socket = join(directory, 'aws.sock');
  await new Promise<void>((resolve) => {
    server.listen(socket, resolve);
  });
  gateway = await openGateway(socket);
});

afterEach(async () => {
  await gateway.close();
  server.close();
  server.closeAllConnections();
  await rm(directory, { recursive: true, force: true });
});

const signed = (service: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=KEY/20261123/eu-central-1/${service}/aws4_request, SignedHeaders=host`,
});

test('a call passes unchanged, and is recorded with its service and its bytes', async () => {
  const options = { method: 'PUT', body: '12345', headers: signed('s3') };
  const response = await fetch(`${gateway.endpoint}/bucket/blobs/ab?x=y`, options);
  expect([await response.text(), response.headers.get('x-host')]).toEqual(['12345', new URL(gateway.endpoint).host]);
  expect(gateway.calls).toMatchObject([
    { service: 's3', method: 'PUT', path: '/bucket/blobs/ab', status: 200, sent: 5, received: 5 },
  ]);
});

test('calls of other services are told apart, refused and unsigned ones too', async () => {
  await fetch(`${gateway.endpoint}/`, { method: 'POST', headers: signed('cloudformation') });
  await fetch(`${gateway.endpoint}/missing`);
  expect(gateway.calls.map(({ service, status }) => [service, status])).toEqual([
    ['cloudformation', 200],
    ['unsigned', 404],
  ]);
});

test('while the emulator does not answer, clients are told to try again', async () => {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
  expect((await fetch(gateway.endpoint)).status).toBe(503);
});
