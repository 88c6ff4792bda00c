/** Answers what it was sent, so that a client can tell that a request with a body arrived once and whole. */
import type { IncomingMessage } from 'node:http';
import { json, type Reply } from './reply.ts';

/** Bytes. */
const maxBody = 64 * 1024;

export async function echo(request: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Not destroyed on return: the refusal must still reach the client.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > maxBody)
      return json(413, { error: `the body is larger than ${maxBody} bytes` }, { connection: 'close' });
    chunks.push(buffer);
  }
  return json(200, {
    method: request.method,
    contentType: request.headers['content-type'] ?? null,
    bytes,
    body: Buffer.concat(chunks).toString(),
  });
}
