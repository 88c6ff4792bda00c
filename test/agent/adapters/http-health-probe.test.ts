import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import { createHttpHealthProbe } from '../../../lib/agent/adapters/http-health-probe.ts';
import type { Slot } from '../../../lib/contract/host-status.ts';
import { releaseManifest } from '../../support/documents.ts';
import { freePorts } from '../../support/free-ports.ts';
import { healthProbeContract } from '../contract/health-probe-contract.ts';

async function makeSubject() {
  const [blue = 0, green = 0] = await freePorts(2);
  const ports = { blue, green };
  const servers: Server[] = [];
  const listen = async (slot: Slot, answer: RequestListener) => {
    const server = createServer(answer).listen(ports[slot], '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
  };
  return {
    ports,
    probe: createHttpHealthProbe({ address: '127.0.0.1', ports }),
    listen,
    serve: (slot: Slot, isHealthy: boolean) =>
      listen(slot, (_request, response) => response.writeHead(isHealthy ? 200 : 503).end()),
    async dispose() {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
    },
  };
}

healthProbeContract('over HTTP', makeSubject);

describe('a health check over HTTP', () => {
  const health = { ...releaseManifest().health, timeoutMs: 200 };
  let subject: Awaited<ReturnType<typeof makeSubject>>;
  beforeEach(async () => {
    subject = await makeSubject();
  });
  afterEach(() => subject.dispose());
  const check = () => subject.probe.check('blue', health, AbortSignal.timeout(10_000));

  it('says that nothing listens', async () => {
    expect(await check()).toEqual({ healthy: false, detail: `nothing listens on port ${subject.ports.blue}` });
  });

  it.each([204, 299])('passes with %i', async (status) => {
    await subject.listen('blue', (_request, response) => response.writeHead(status).end());
    expect(await check()).toEqual({ healthy: true, detail: `GET /health answered ${status}` });
  });

  it.each([301, 404, 500])('fails with %i', async (status) => {
    await subject.listen('blue', (_request, response) => response.writeHead(status).end());
    expect(await check()).toEqual({ healthy: false, detail: `GET /health answered ${status}` });
  });

  it('fails when there is no answer in time', async () => {
    await subject.listen('blue', () => undefined);
    expect(await check()).toEqual({ healthy: false, detail: 'GET /health did not answer within 200 ms' });
  });

  it('fails when the answer does not end in time', async () => {
    await subject.listen('blue', (_request, response) => response.writeHead(200).write('begun'));
    expect(await check()).toMatchObject({ healthy: false, detail: expect.stringMatching(/did not answer within/) });
  });

  it('fails when the connection is closed without an answer', async () => {
    await subject.listen('blue', (request) => request.socket.destroy());
    expect(await check()).toMatchObject({ healthy: false, detail: expect.stringMatching(/without an answer/) });
  });

  it('asks on a new connection each time', async () => {
    const sockets = new Set<unknown>();
    await subject.listen('blue', (request, response) => {
      sockets.add(request.socket);
      response.end();
    });
    await check();
    await check();
    expect(sockets.size).toBe(2);
  });
});
