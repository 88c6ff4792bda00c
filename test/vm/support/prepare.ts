/** Fetches and builds, while there is still a network, what a run of test machines takes from caches. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { service } from '../../../environments/index.ts';
import { parseRuntimePins } from '../../../lib/contract/runtime-pins.ts';
import { build } from '../../../lib/delivery/build.ts';
import { findEmulator } from '../../../lib/rehearsal/emulator-install.ts';
import { cacheDirectory, createLabRun, repository } from './lab-run.ts';

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-vm-'));
  const stop = new AbortController();
  try {
    const run = await createLabRun(folder, stop.signal);
    const pins = await readFile(join(repository, 'environments', 'runtime.json'), 'utf8');
    await Promise.all([
      findEmulator(run),
      build({
        repository,
        commit: 'HEAD',
        serviceDirectory: 'service',
        service,
        runtimePins: parseRuntimePins(pins),
        platform: process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64',
        cacheDirectory,
        tempDirectory: folder,
        variables: run.variables,
        signal: stop.signal,
        progress: ({ message }) => run.story.say(message),
      }),
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`test:vm: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
