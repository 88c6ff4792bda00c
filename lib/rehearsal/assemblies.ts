/** Synthesizes once for all commits that differ in the service only: what a synthesis reads is everything but that folder. */
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../contract/canonical-json.ts';
import type { EnvironmentName } from '../contract/environment.ts';
import { synthesize } from '../delivery/assembly.ts';
import { git } from './git.ts';
import type { Run, Variables } from './run.ts';

export interface Assemblies {
  /** Where the assembly of what the clone has checked out is. Throws `DeliveryError`. */
  of(clone: string): Promise<{ readonly directory: string; readonly isKnown: boolean }>;
}

export interface AssembliesOptions {
  readonly service: string;
  readonly environment: EnvironmentName;
  readonly variables: Variables;
}

const untold = (): void => undefined;

export function createAssemblies(run: Run, options: AssembliesOptions): Assemblies {
  let isFirst = true;
  return {
    async of(clone) {
      const directory = join(run.directory.path, 'assembly', await keyOf(run, clone));
      if (existsSync(directory)) return { directory, isKnown: true };
      const draft = `${directory}.tmp`;
      const { signal } = run;
      // Validation is most of a synthesis. The first one validates what is there; of a change, its pull request's checks do.
      const variables = isFirst ? options.variables : { ...options.variables, CDK_VALIDATION: 'false' };
      isFirst = false;
      await synthesize({ ...options, variables, directory: draft, repository: clone, signal, progress: untold });
      await rename(draft, directory);
      return { directory, isKnown: false };
    },
  };
}

async function keyOf(run: Run, clone: string): Promise<string> {
  const entries = await git(run, ['ls-tree', 'HEAD'], { cwd: clone });
  const read = entries.split('\n').filter((entry) => !entry.endsWith('\tservice'));
  return sha256(read.join('\n')).slice(0, 8);
}
