/** Takes a request's body as far as it is small: what is at hand as a whole can be sent a second time. */
import type { IncomingMessage } from 'node:http';
import { firstEvent } from './first-event.ts';

/** As much as HAProxy takes by a few times; a larger body is passed on as it comes. */
const maxBufferedBytes = 64 * 1024;

export interface RequestBody {
  /** All of it, or its beginning. */
  readonly start: Buffer;
  readonly complete: boolean;
}

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** Null: the client went away. */
export async function takeBody(request: IncomingMessage): Promise<RequestBody | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  if (!hasBody(request)) return { start: Buffer.alloc(0), complete: true };
  while (bytes <= maxBufferedBytes) {
    const chunk: unknown = request.read();
    if (chunk instanceof Buffer) {
      bytes += chunk.length;
      chunks.push(chunk);
    } else if (request.complete) {
      return { start: Buffer.concat(chunks), complete: true };
    } else if (request.destroyed) {
      return null;
    } else {
      await firstEvent(request, ['readable', 'end', 'close', 'error']);
    }
  }
  return { start: Buffer.concat(chunks), complete: false };
}
