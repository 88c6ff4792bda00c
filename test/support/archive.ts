/** Archives for tests: good ones, and such as nobody should unpack. */
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';

export type ArchiveItem = Partial<Header> & { readonly name: string; readonly content?: string | Buffer };

/** The gzip tar of these entries, in their order. */
export async function archive(items: readonly ArchiveItem[]): Promise<Buffer> {
  return gzipSync(await tar(items));
}

export async function tar(items: readonly ArchiveItem[]): Promise<Buffer> {
  const packer = pack();
  for (const { content = '', ...header } of items) packer.entry({ mtime: new Date(0), ...header }, content);
  packer.finalize();
  return buffer(packer);
}
