/** The agent as one file: what a host fetches by digest and runs. */
import { join } from 'node:path';
import { build } from 'esbuild';
import { sha256 } from '../contract/canonical-json.ts';
import { DeliveryError } from './delivery-error.ts';

export interface AgentBundle {
  readonly sha256: string;
  readonly size: number;
  readonly contents: Buffer;
}

/** The same bytes from any folder: paths in it are relative to the repository. Throws `DeliveryError`. */
export async function bundleAgent(repositoryRoot: string): Promise<AgentBundle> {
  try {
    const { outputFiles } = await build({
      absWorkingDir: repositoryRoot,
      entryPoints: [join('bin', 'agent.ts')],
      bundle: true,
      write: false,
      outfile: 'agent.cjs',
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      charset: 'utf8',
      legalComments: 'none',
      logLevel: 'silent',
      // A linked node_modules would put the path that it points to into the bundle.
      preserveSymlinks: true,
      // The folder's own settings must not get in.
      tsconfigRaw: '{}',
    });
    const contents = Buffer.concat(outputFiles.map((file) => file.contents));
    return { sha256: sha256(contents), size: contents.length, contents };
  } catch (cause) {
    const wrong = cause instanceof Error ? cause.message : String(cause);
    const todo = 'run `npm ci` in the repository, and `npx tsc --project .` to see type errors';
    throw new DeliveryError('build-failed', { tried: 'bundling bin/agent.ts', wrong, todo }, { cause });
  }
}
