/** Waits for the rehearsal to end, however it ends, and clears away what it could not: a killed rehearsal leaves nothing. */
import { closeRun } from './run-directory.ts';

const [path] = process.argv.slice(2);

process.stdin.resume();
process.stdin.once('close', () => {
  if (path !== undefined) closeRun(path, false).catch(() => (process.exitCode = 1));
});
