/** The log file of a process that nobody reads all the time: its tail, and a bound to its growth. */
import { open } from 'node:fs/promises';
import { errorCode } from './error-facts.ts';

/** Checked whenever the slot is looked at; a service that writes 10 MB/s overshoots by that between two looks. */
export const maxLogBytes = 8 * 1024 * 1024;

/** Empties the file when it has grown too large. The writer appends, so it goes on at the new end. */
export async function capLog(path: string): Promise<void> {
  await withFile(path, 'r+', async (handle) => {
    if ((await handle.stat()).size > maxLogBytes) await handle.truncate(0);
  });
}

/** The last lines, at most `maxBytes`; a line that does not fit as a whole is left out, unless it is the only one. */
export async function logTail(path: string, maxBytes: number): Promise<string> {
  const tail = await withFile(path, 'r', async (handle) => {
    const { size } = await handle.stat();
    const length = Math.min(size, maxBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    const text = buffer.toString('utf8', 0, bytesRead);
    return length < size ? wholeLines(text) : text;
  });
  return tail ?? '';
}

/** The same for a text that is at hand. */
export function lastLines(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  return bytes.length <= maxBytes ? text : wholeLines(bytes.toString('utf8', bytes.length - maxBytes));
}

function wholeLines(text: string): string {
  const firstBreak = text.indexOf('\n');
  // A cut character at the start would come back longer than it was.
  return firstBreak === -1 || firstBreak === text.length - 1
    ? text.replace(/^\uFFFD+/, '')
    : text.slice(firstBreak + 1);
}

async function withFile<T>(
  path: string,
  flags: string,
  action: (handle: Awaited<ReturnType<typeof open>>) => Promise<T>,
): Promise<T | undefined> {
  let handle;
  try {
    handle = await open(path, flags);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return await action(handle);
  } finally {
    await handle.close();
  }
}
