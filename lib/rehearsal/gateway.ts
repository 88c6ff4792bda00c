/** The door to the emulator: passes every call on, and keeps a record of which service was asked for what, and how many bytes moved. */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One call to AWS, as the emulator was asked. */
export interface AwsCall {
  /** As requests are signed: `s3`, `cloudformation`, `ssm`. */
  readonly service: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  /** Bytes of the body. */
  readonly sent: number;
  readonly received: number;
  /** Milliseconds since 1970, when the answer had been passed on. */
  readonly endedAt: number;
}

export interface Gateway {
  /** `http://localhost:PORT`: by an address, the emulator misreads template URLs. */
  readonly endpoint: string;
  /** All calls so far, in the order of their end. */
  readonly calls: readonly AwsCall[];
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1, in front of a server on a unix socket. */
export async function openGateway(socketPath: string): Promise<Gateway> {
  const calls: AwsCall[] = [];
  const server = createServer((incoming, response) => pass(incoming, response, { socketPath, calls }));
  // Clients keep connections; one that is closed between two of their requests costs a retry.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return { endpoint: `http://localhost:${portOf(server)}`, calls, close: () => close(server) };
}

function pass(
  incoming: IncomingMessage,
  response: ServerResponse,
  { socketPath, calls }: { readonly socketPath: string; readonly calls: AwsCall[] },
): void {
  let sent = 0;
  let received = 0;
  const { method = 'GET', url = '/', headers } = incoming;
  const upstream = request({ socketPath, method, path: url, headers: { ...headers, connection: 'close' } });
  const end = (status: number): void => {
    const path = url.split('?', 1)[0] ?? url;
    calls.push({ service: serviceOf(incoming), method, path, status, sent, received, endedAt: Date.now() });
  };
  upstream.once('response', (answer) => {
    const status = answer.statusCode ?? 502;
    const { connection: _, 'keep-alive': __, ...kept } = answer.headers;
    response.writeHead(status, kept);
    answer.on('data', (chunk: Buffer) => (received += chunk.length));
    answer.once('end', () => end(status));
    answer.once('error', () => response.destroy());
    answer.pipe(response);
  });
  upstream.once('error', (error) => {
    // AWS clients try again after a 503; while the emulator starts, that is what they should do.
    if (!response.headersSent) response.writeHead(503).end(`the emulator does not answer: ${error.message}`);
    else response.destroy();
  });
  incoming.on('data', (chunk: Buffer) => (sent += chunk.length));
  incoming.once('error', () => upstream.destroy());
  response.once('close', () => {
    if (!response.writableFinished) upstream.destroy();
  });
  incoming.pipe(upstream);
}

/** A signature names the service: `Credential=AKID/20261123/eu-central-1/s3/aws4_request`. */
function serviceOf({ headers }: IncomingMessage): string {
  const [, service] = /Credential=[^/]+\/\d{8}\/[^/]+\/([\w-]+)\//.exec(headers.authorization ?? '') ?? [];
  return service ?? 'unsigned';
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the gateway listens on no port');
  return address.port;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
