/** What a host fetches by digest and runs at its first boot: the agent as one file, and the host's own files, in one archive. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { extract } from 'tar-stream';
import { type ArchiveEntry, writeArchive } from './archive.ts';
import { DeliveryError } from './delivery-error.ts';

export interface AgentBundle {
  readonly sha256: string;
  readonly size: number;
  /** A tar.gz of `agent.cjs` and `host/`. */
  readonly contents: Buffer;
}

const agentFile = 'agent.cjs';
const hostFolder = 'host';
/** Units, scripts and settings of a host, below the repository; there is no folder in it. */
const hostFiles = join('lib', 'infra', 'assets', 'host');

/** The same bytes from any folder: paths in it are relative to the repository. Throws `DeliveryError`. */
export async function bundleAgent(repositoryRoot: string): Promise<AgentBundle> {
  const entries: readonly ArchiveEntry[] = [
    { kind: 'file', path: agentFile, contents: await compileAgent(repositoryRoot), isExecutable: false },
    { kind: 'folder', path: hostFolder },
    ...(await readHostFiles(repositoryRoot)),
  ];
  const chunks: Uint8Array[] = [];
  const { sha256, size } = await writeArchive(entries, async (chunk) => {
    chunks.push(chunk);
  });
  return { sha256, size, contents: Buffer.concat(chunks) };
}

/** The agent alone, out of a bundle. Throws `DeliveryError`. */
export async function agentOf(bundle: Buffer): Promise<Buffer> {
  const tar = extract();
  tar.end(gunzipSync(bundle));
  for await (const entry of tar) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    if (entry.header.name === agentFile) return Buffer.concat(chunks);
  }
  throw new DeliveryError('archive-failed', {
    tried: 'taking the agent out of its bundle',
    wrong: `there is no ${agentFile} in it`,
    todo: 'publish again: `npx slipway publish`',
  });
}

/** The entry point and all that it needs as one file. Throws `DeliveryError`. */
export async function compileAgent(repositoryRoot: string, entry = join('bin', 'agent.ts')): Promise<Buffer> {
  try {
    const { outputFiles } = await build({
      absWorkingDir: repositoryRoot,
      entryPoints: [entry],
      bundle: true,
      write: false,
      outfile: agentFile,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      // Packages that have both forms: only of the second can what is not used be left out.
      mainFields: ['module', 'main'],
      // Names stay as they are, so that a stack can be read.
      minifyWhitespace: true,
      minifySyntax: true,
      legalComments: 'none',
      logLevel: 'silent',
      // A linked node_modules would put the path that it points to into the bundle.
      preserveSymlinks: true,
      // The folder's own settings must not get in.
      tsconfigRaw: '{}',
    });
    return Buffer.concat(outputFiles.map((file) => file.contents));
  } catch (cause) {
    const todo = 'run `npm ci` in the repository, and `npx tsc --project .` to see type errors';
    throw failed(`bundling ${entry}`, todo, cause);
  }
}

/** Sorted by the code units of their names. What starts with `#!` is a program: modes get lost where a repository is not cloned but copied. */
async function readHostFiles(repositoryRoot: string): Promise<readonly ArchiveEntry[]> {
  const folder = join(repositoryRoot, hostFiles);
  try {
    const names = (await readdir(folder)).sort();
    return await Promise.all(
      names.map(async (name) => {
        const contents = await readFile(join(folder, name));
        const isExecutable = contents.subarray(0, 2).toString() === '#!';
        return { kind: 'file' as const, path: `${hostFolder}/${name}`, contents, isExecutable };
      }),
    );
  } catch (cause) {
    throw failed(`bundling ${hostFiles}`, `restore it: \`git checkout -- ${hostFiles}\``, cause);
  }
}

function failed(tried: string, todo: string, cause: unknown): DeliveryError {
  const wrong = cause instanceof Error ? cause.message : String(cause);
  return new DeliveryError('build-failed', { tried, wrong, todo }, { cause });
}
