/** SHA-256 (and another digest, where asked) of a file, without holding it in memory. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

export interface FileDigest {
  readonly size: number;
  readonly sha256: string;
  /** As npm writes it: `sha512-...`. */
  readonly integrity: string;
}

export async function digestFile(path: string, signal: AbortSignal): Promise<FileDigest> {
  const sha256 = createHash('sha256');
  const sha512 = createHash('sha512');
  let size = 0;
  for await (const chunk of createReadStream(path, { signal, highWaterMark: 1024 * 1024 })) {
    sha256.update(chunk);
    sha512.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: sha256.digest('hex'), integrity: `sha512-${sha512.digest('base64')}` };
}
