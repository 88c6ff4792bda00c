/** Paths of Unix sockets: the kernel takes 107 bytes, a folder deep in somebody's home may have more. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { AdapterError } from './adapter-error.ts';

/** `sun_path` of unix(7) without its closing zero; macOS has four less. */
export const maxSocketPathBytes = 103;

/** Calls the action with a path to the same socket that is short enough, while it lasts. */
export async function withSocketPath<T>(path: string, action: (path: string) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(path) <= maxSocketPathBytes) return action(path);
  if (process.platform !== 'linux') {
    throw new AdapterError(
      'path-too-long',
      `use the socket ${path}: the path has ${Buffer.byteLength(path)} bytes, at most ${maxSocketPathBytes} work here; choose a shorter folder`,
    );
  }
  const folder = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await action(`/proc/self/fd/${folder.fd}/${basename(path)}`);
  } finally {
    await folder.close();
  }
}
