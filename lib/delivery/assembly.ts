/** The cloud assembly of one environment: synthesized by the CDK CLI or handed in as finished files, and its digest. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { digestOf, type Json } from '../contract/canonical-json.ts';
import { parseDocument } from '../contract/document.ts';
import type { EnvironmentName } from '../contract/environment.ts';
import { stackName } from '../contract/names.ts';
import { failureLines, runCdk } from './cdk.ts';
import { DeliveryError } from './delivery-error.ts';
import type { Call, Variables } from './progress.ts';

export interface Assembly {
  /** The environment's own assembly: `cdk deploy --app` takes it. */
  readonly directory: string;
  /** Over templates and assets of its stacks, and nothing that names a folder of this machine. */
  readonly digest: string;
  /** How `cdk deploy` selects each stack, by the stack's name. */
  readonly stacks: Readonly<Record<string, string>>;
}

export interface ReadAssemblyOptions {
  /** The whole assembly, or the environment's part of it. */
  readonly directory: string;
  readonly environment: EnvironmentName;
  readonly service: string;
}

export interface SynthesizeOptions extends ReadAssemblyOptions, Call {
  readonly repository: string;
  readonly variables: Variables;
}

/** Writes the assembly into `directory`, which is emptied before. Throws `DeliveryError`. */
export async function synthesize(options: SynthesizeOptions): Promise<Assembly> {
  const { directory, environment, variables } = options;
  await rm(directory, { recursive: true, force: true });
  const args = ['synth', '--quiet', '--output', directory, '-c', `environment=${environment}`, '--no-lookups'];
  const result = await runCdk(args, { ...options, step: 'synth', variables: withoutCredentials(variables) });
  if (result.exitCode !== 0) {
    throw new DeliveryError('synth-failed', {
      tried: `synthesizing the stacks of '${environment}'`,
      wrong: `the CDK CLI ended with ${String(result.exitCode)}\n${failureLines(result)}\n`,
      todo: `run \`npx cdk synth -c environment=${environment}\` to see it all`,
    });
  }
  return readAssembly(options);
}

/** Throws `DeliveryError`. */
export async function readAssembly({ directory, environment, service }: ReadAssemblyOptions): Promise<Assembly> {
  const store = stackName({ service, environment }, 'store');
  const own = await findAssembly(directory, store);
  if (!own) {
    throw new DeliveryError('synth-failed', {
      tried: `reading the cloud assembly in '${directory}'`,
      wrong: `it has no stack '${store}'`,
      todo: 'check `service` in environments/index.ts, or synthesize again',
    });
  }
  const stacks = stacksOf(own.manifest);
  const parts = await Promise.all(stacks.map(async (stack) => describeStack(own.directory, stack)));
  return {
    directory: own.directory,
    digest: digestOf(parts),
    stacks: Object.fromEntries(stacks.map(({ name, selector }) => [name, selector])),
  };
}

/** Synthesis asks AWS nothing, and runs code of the commit: no credentials for it. */
function withoutCredentials(variables: Variables): Variables {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !/^(?:AWS_|CDK_DEFAULT_)/.test(name)));
}

const artifactSchema = v.object({
  type: v.string(),
  environment: v.optional(v.string()),
  displayName: v.optional(v.string()),
  properties: v.optional(
    v.object({
      templateFile: v.optional(v.string()),
      stackName: v.optional(v.string()),
      directoryName: v.optional(v.string()),
      file: v.optional(v.string()),
      terminationProtection: v.optional(v.boolean()),
    }),
    {},
  ),
  dependencies: v.optional(v.array(v.string()), []),
});
const manifestSchema = v.object({ artifacts: v.optional(v.record(v.string(), artifactSchema), {}) });
type Manifest = v.InferOutput<typeof manifestSchema>;
type Artifact = v.InferOutput<typeof artifactSchema>;

interface Stack {
  readonly name: string;
  readonly selector: string;
  readonly artifact: Artifact;
  /** Manifests of the files that it uploads. */
  readonly assets: readonly string[];
}

interface FoundAssembly {
  readonly directory: string;
  readonly manifest: Manifest;
}

/** The innermost assembly that has the stack: that of the environment's stage. */
async function findAssembly(directory: string, name: string): Promise<FoundAssembly | undefined> {
  const manifest = parseDocument(manifestSchema, await readPart(directory, 'manifest.json'), limits('manifest.json'));
  if (stacksOf(manifest).some((stack) => stack.name === name)) return { directory, manifest };
  for (const { type, properties } of Object.values(manifest.artifacts)) {
    if (type !== 'cdk:cloud-assembly' || properties.directoryName === undefined) continue;
    const found = await findAssembly(join(directory, properties.directoryName), name);
    if (found) return found;
  }
  return undefined;
}

function stacksOf({ artifacts }: Manifest): readonly Stack[] {
  const stacks = Object.entries(artifacts).flatMap(([id, artifact]) => {
    if (artifact.type !== 'aws:cloudformation:stack') return [];
    const assets = artifact.dependencies.flatMap((dependency) => {
      const asset = artifacts[dependency];
      return asset?.type === 'cdk:asset-manifest' && asset.properties.file !== undefined ? [asset.properties.file] : [];
    });
    return [{ name: artifact.properties.stackName ?? id, selector: artifact.displayName ?? id, artifact, assets }];
  });
  return stacks.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Keys of the files are digests of their contents; where they lie on this machine is left out. */
const assetsSchema = v.object({
  files: v.optional(v.record(v.string(), v.unknown()), {}),
  dockerImages: v.optional(v.record(v.string(), v.unknown()), {}),
});
const jsonObject = v.record(v.string(), v.unknown());

async function describeStack(directory: string, { name, artifact, assets }: Stack): Promise<Json> {
  const file = artifact.properties.templateFile ?? '';
  const template = parseDocument(jsonObject, await readPart(directory, file), limits(file));
  const manifests = await Promise.all(
    assets.map(async (asset) => parseDocument(assetsSchema, await readPart(directory, asset), limits(asset))),
  );
  return {
    name,
    environment: artifact.environment ?? null,
    terminationProtection: artifact.properties.terminationProtection ?? false,
    template: toJson(template),
    assets: manifests.flatMap(({ files, dockerImages }) => Object.keys({ ...files, ...dockerImages })).sort(),
  };
}

function toJson(value: unknown): Json {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object') return null;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
}

/** CloudFormation takes templates of 1 MB. */
function limits(name: string) {
  return { name, maxBytes: 16 * 1024 * 1024 };
}

async function readPart(directory: string, file: string): Promise<string> {
  const path = join(directory, file);
  return readFile(path, 'utf8').catch((cause: unknown) => {
    const wrong = `'${path}' cannot be read`;
    const todo = 'give the folder that `cdk synth --output` wrote';
    throw new DeliveryError('synth-failed', { tried: 'reading the cloud assembly', wrong, todo }, { cause });
  });
}
