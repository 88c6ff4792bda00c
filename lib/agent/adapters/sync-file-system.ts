/** Brings everything that was written below a folder to the disk, in one call. */
import { execFile } from 'node:child_process';

const timeoutMs = 20_000;

/** One `syncfs` by coreutils, which Node.js lacks: thousands of single fsyncs take seconds. Without the program it does nothing. */
export function syncFileSystem(path: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    execFile('sync', ['-f', path], { timeout: timeoutMs, signal }, () => resolve());
  });
}
