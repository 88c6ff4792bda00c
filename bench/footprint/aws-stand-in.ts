/** Answers as S3, SSM and CloudWatch do, over TLS with a throw-away certificate, from memory: what it costs is not the agent's. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { desiredStateKey, statusKey } from '../../lib/contract/names.ts';
import type { HostStatus } from '../../lib/contract/host-status.ts';
import { parseHostStatus } from '../../lib/contract/host-status.ts';

export interface AwsStandIn {
  readonly endpoint: string;
  readonly certificateFile: string;
  readonly objects: Map<string, Buffer>;
  readonly parameters: Map<string, string>;
  polls(): number;
  statusOf(host: string): HostStatus | null;
  close(): Promise<void>;
}

export async function startAwsStandIn(folder: string, bucket: string): Promise<AwsStandIn> {
  const [keyFile, certificateFile] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const options = ['-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  const names = ['-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-keyout', keyFile, '-out', certificateFile];
  execFileSync('openssl', ['req', '-x509', ...options, ...names, ...files], { stdio: 'ignore' });

  const objects = new Map<string, Buffer>();
  const parameters = new Map<string, string>();
  let polls = 0;

  const s3 = async (request: IncomingMessage, response: ServerResponse, key: string) => {
    if (request.method === 'PUT') {
      objects.set(key, Buffer.from(await text(request)));
      return response.writeHead(200, { etag: '"1"' }).end();
    }
    if (key === '') return response.writeHead(200).end('<ListBucketResult></ListBucketResult>');
    if (key === desiredStateKey) polls += 1;
    const body = objects.get(key);
    if (body === undefined) return response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
    const etag = `"${body.length}"`;
    if (request.headers['if-none-match'] === etag) return response.writeHead(304, { etag }).end();
    return response.writeHead(200, { etag, 'content-length': body.length }).end(body);
  };

  const ssm = async (request: IncomingMessage, response: ServerResponse) => {
    const asked: unknown = JSON.parse(await text(request));
    const name = String(Reflect.get(Object(asked), 'Name'));
    return response.end(JSON.stringify({ Parameter: { Value: parameters.get(name), Version: 1 } }));
  };

  const server = createServer({ key: readFileSync(keyFile), cert: readFileSync(certificateFile) });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // As many headers as S3 sends.
    response.setHeaders(
      new Headers({ 'x-amz-request-id': 'A'.repeat(16), 'x-amz-id-2': 'B'.repeat(76), server: 'AmazonS3' }),
    );
    const path = decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/');
    const isS3 = path.startsWith(`/${bucket}/`);
    const answer = isS3
      ? s3(request, response, path.slice(bucket.length + 2))
      : request.headers['x-amz-target'] === undefined
        ? text(request).then(() => response.end('<PutMetricDataResponse/>'))
        : ssm(request, response);
    answer.catch((error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    endpoint: `https://localhost:${port}`,
    certificateFile,
    objects,
    parameters,
    polls: () => polls,
    statusOf(host) {
      const body = objects.get(statusKey(host));
      return body === undefined ? null : parseHostStatus(body.toString());
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
