/** Reads a stream as text, and stops at a limit: an endless answer must not fill the memory. */

export type CappedText =
  { readonly kind: 'text'; readonly text: string; readonly bytes: number } | { readonly kind: 'too-large' };

/** Rejects when the stream does. */
export async function readCappedText(stream: unknown, maxBytes: number): Promise<CappedText> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunksOf(stream)) {
    bytes += chunk.length;
    // Leaving the loop destroys the stream, and with it the connection.
    if (bytes > maxBytes) return { kind: 'too-large' };
    chunks.push(chunk);
  }
  return { kind: 'text', text: Buffer.concat(chunks).toString('utf8'), bytes };
}

/** The chunks of a stream, checked to be bytes. */
export async function* chunksOf(stream: unknown): AsyncGenerator<Buffer> {
  if (!isAsyncIterable(stream)) throw new TypeError('the answer has no readable body');
  for await (const chunk of stream) {
    if (typeof chunk === 'string') yield Buffer.from(chunk);
    else if (chunk instanceof Uint8Array) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    else throw new TypeError('a stream gave something that is not bytes');
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
