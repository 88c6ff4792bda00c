/** What the rehearsal's parts (emulator, stores, command line) ask of the run that they belong to, here a run of test machines. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from '../../../lib/rehearsal/run.ts';
import { createStory } from '../../../lib/rehearsal/story.ts';

export const repository = join(__dirname, '..', '..', '..');
export const cacheDirectory = join(repository, '.slipway', 'cache');

/** `path` goes with the run; only the cache is kept. */
export async function createLabRun(path: string, signal: AbortSignal): Promise<Run> {
  const directory = {
    id: 'lab',
    path,
    logs: join(path, 'logs'),
    cache: cacheDirectory,
    temporary: join(path, 'tmp'),
  };
  for (const folder of [directory.logs, directory.temporary]) await mkdir(folder, { recursive: true });
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(AWS_|CDK_|MOTO_|SLIPWAY_|NODE_OPTIONS$)/.test(name),
  );
  return {
    repository,
    directory,
    variables: {
      ...Object.fromEntries(inherited),
      TMPDIR: directory.temporary,
      npm_config_cache: join(directory.cache, 'npm'),
      npm_config_update_notifier: 'false',
      CDK_HOME: join(path, 'cdk'),
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      CDK_DISABLE_VERSION_CHECK: 'true',
      NO_COLOR: '1',
    },
    story: createStory((line) => process.stderr.write(`${line}\n`)),
    signal,
    atEnd: () => undefined,
  };
}
