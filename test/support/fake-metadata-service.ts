/** An instance metadata service, version 2 only, on the loopback interface. */
import { once } from 'node:events';
import { createServer } from 'node:http';

export interface FakeMetadataService {
  readonly endpoint: string;
  /** What it answers for the role; null: it hangs up. */
  role: unknown;
  /** Paths, in their order. */
  readonly asked: string[];
  close(): Promise<void>;
}

const rolePath = '/latest/meta-data/iam/security-credentials/';

export async function startFakeMetadataService(): Promise<FakeMetadataService> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (service.role === null) return request.socket.destroy();
    if (request.method === 'PUT' && request.url === '/latest/api/token') return response.end('a token');
    if (request.headers['x-aws-ec2-metadata-token'] !== 'a token') return response.writeHead(401).end();
    if (request.url === rolePath) return response.end('the-role\n');
    if (request.url !== `${rolePath}the-role`) return response.writeHead(404).end();
    return response.end(typeof service.role === 'string' ? service.role : JSON.stringify(service.role));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const service: FakeMetadataService = {
    endpoint: `http://127.0.0.1:${port}`,
    role: null,
    asked,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return service;
}
