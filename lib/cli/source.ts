/** Makes what a deploy brings: the release of a commit, and the agent beside it. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../contract/environment.ts';
import type { Platform } from '../contract/runtime-pins.ts';
import { type Build, build } from '../delivery/build.ts';
import type { Context, Place } from './context.ts';
import { readRuntimePins } from './project.ts';

export const serviceDirectory = 'service';

/** What is built there is found by the next run, and by the rehearsal. */
export const cacheDirectory = (repository: string): string => join(repository, '.slipway', 'cache');

export interface Source {
  readonly commit: string | null;
  readonly platform: Platform | null;
}

/** Throws `DeliveryError`. */
export async function buildSource(
  { commit, platform }: Source,
  { project, environment }: Pick<Place, 'project' | 'environment'>,
  { shell, progress }: Context,
  signal: AbortSignal = shell.signal,
): Promise<Build> {
  return build({
    repository: shell.repository,
    commit,
    serviceDirectory,
    service: project.service,
    runtimePins: await readRuntimePins(shell),
    platform: platform ?? platformOf(environment),
    cacheDirectory: cacheDirectory(shell.repository),
    tempDirectory: tmpdir(),
    variables: shell.variables,
    signal,
    progress,
  });
}

export function platformOf({ hosts }: Pick<Environment, 'hosts'>): Platform {
  return `linux-${hosts.architecture}`;
}
