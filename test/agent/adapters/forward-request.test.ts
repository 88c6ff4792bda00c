import { once as onceEvent } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createForwarder } from '../../../lib/agent/adapters/forward-request.ts';
import { SlotSessions } from '../../../lib/agent/adapters/slot-sessions.ts';
import { RouteTable } from '../../../lib/agent/adapters/route-table.ts';
import { freePorts } from '../../support/free-ports.ts';
import { once } from '../../support/http-load.ts';

describe('a request through the built-in proxy', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
      await onceEvent(server, 'close');
    }
  });
  const listen = async (port: number, answer: RequestListener) => {
    const server = createServer(answer).listen(port, '127.0.0.1');
    servers.push(server);
    await onceEvent(server, 'listening');
  };
  const proxyTo = async (green: RequestListener, blue?: RequestListener) => {
    const [port = 0, bluePort = 0, greenPort = 0] = await freePorts(3);
    await listen(greenPort, green);
    if (blue) await listen(bluePort, blue);
    const table = new RouteTable();
    table.apply({ active: 'green', backup: blue ? 'blue' : null, healthPath: '/health' });
    const forwarder = createForwarder(
      table,
      { address: '127.0.0.1', blue: bluePort, green: greenPort },
      new SlotSessions(),
    );
    await listen(port, (request, response) => void forwarder.forward(request, response));
    return {
      send: (method: string, body = '') => once({ port, agent: false, method, path: '/', body }),
      close: () => forwarder.close(),
    };
  };

  it.each(['GET', 'PUT', 'POST'])('%s does not fail over a kept connection that ends under it', async (method) => {
    const seen = new WeakSet();
    const proxy = await proxyTo((request, response) => {
      if (seen.has(request.socket)) request.socket.destroy();
      else response.end('ok');
      seen.add(request.socket);
    });
    const statuses: number[] = [];
    for (let i = 0; i < 6; i += 1) statuses.push((await proxy.send(method)).status);
    proxy.close();
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200]);
  });

  it.each([
    ['GET', 200],
    ['PUT', 200],
    ['DELETE', 200],
    ['POST', 502],
    ['PATCH', 502],
  ])('%s that the active slot takes and does not answer ends with %i', async (method, status) => {
    let repeated = 0;
    const proxy = await proxyTo(
      (request) => request.socket.destroy(),
      (_request, response) => {
        repeated += 1;
        response.end();
      },
    );
    const answer = await proxy.send(method);
    proxy.close();
    expect(answer.status).toBe(status);
    expect(repeated).toBe(status === 200 ? 1 : 0);
  });

  it('keeps its place with the active slot when one request only is not answered', async () => {
    const proxy = await proxyTo(
      (request, response) => (request.method === 'PUT' ? request.socket.destroy() : response.end('green')),
      (_request, response) => response.end('blue'),
    );
    await proxy.send('PUT');
    const { text } = await proxy.send('GET');
    proxy.close();
    expect(text).toBe('green');
  });

  it('has its body whole on the second attempt', async () => {
    const proxy = await proxyTo(
      (request) => request.socket.destroy(),
      (request, response) => request.pipe(response),
    );
    const { text } = await proxy.send('PUT', 'ä'.repeat(10_000));
    proxy.close();
    expect(text).toBe('ä'.repeat(10_000));
  });
});
