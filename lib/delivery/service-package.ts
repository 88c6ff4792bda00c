/** What a service's package.json says about running it; refuses, with one clear message, what no host could run. */
import * as v from 'valibot';
import { ContractError, parseValue } from '../contract/document.ts';
import { type ReleaseManifest, releaseManifestSchema } from '../contract/release-manifest.ts';
import { DeliveryError } from './delivery-error.ts';

const { start, health, stop } = releaseManifestSchema.entries;

/** The `slipway` field. Whatever it leaves out has these defaults. */
const declarationSchema = v.strictObject({
  start: v.optional(start),
  health: v.optional(
    v.strictObject({
      path: v.optional(health.entries.path, '/health'),
      intervalMs: v.optional(health.entries.intervalMs, 200),
      timeoutMs: v.optional(health.entries.timeoutMs, 2_000),
      passes: v.optional(health.entries.passes, 3),
      deadlineMs: v.optional(health.entries.deadlineMs, 60_000),
    }),
    {},
  ),
  stop: v.optional(v.strictObject({ timeoutMs: v.optional(stop.entries.timeoutMs, 10_000) }), {}),
});

const dependencies = v.optional(v.record(v.string(), v.string('must be a version')), {});

/** Other tools own the rest of the file: unknown fields are theirs. */
const packageSchema = v.object({
  main: v.optional(v.string('must be a file')),
  scripts: v.optional(v.record(v.string(), v.string('must be a command')), {}),
  dependencies,
  optionalDependencies: dependencies,
  devDependencies: dependencies,
  slipway: v.optional(declarationSchema, {}),
});

type PackageJson = v.InferOutput<typeof packageSchema>;

export interface ServicePackage extends Pick<ReleaseManifest, 'start' | 'health' | 'stop'> {
  readonly hasBuild: boolean;
  /** Packages to install for the build, and for running. */
  readonly hasDependencies: boolean;
  readonly hasProductionDependencies: boolean;
}

/** `name` is the file as messages call it: `service/package.json`. Throws `DeliveryError`. */
export function parseServicePackage(text: string, name: string): ServicePackage {
  const json = parsePackageJson(text, name);
  const hasProductionDependencies =
    Object.keys(json.dependencies).length > 0 || Object.keys(json.optionalDependencies).length > 0;
  return {
    start: startOf(json, name),
    health: json.slipway.health,
    stop: json.slipway.stop,
    hasBuild: json.scripts['build'] !== undefined,
    hasDependencies: hasProductionDependencies || Object.keys(json.devDependencies).length > 0,
    hasProductionDependencies,
  };
}

/** Options of Node.js whose value is the next argument. */
const optionsWithValue = new Set([
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '-C',
  '--conditions',
]);

/** The file that `start` runs, or undefined: there are only options. */
export function startFile(start: readonly string[]): string | undefined {
  let index = 1;
  while (start[index]?.startsWith('-')) index += optionsWithValue.has(start[index] ?? '') ? 2 : 1;
  return start[index];
}

function parsePackageJson(text: string, name: string): PackageJson {
  try {
    const json: unknown = JSON.parse(text);
    return parseValue(packageSchema, json, name);
  } catch (cause) {
    const wrong =
      cause instanceof ContractError
        ? cause.problems.map(({ field, problem }) => `${field}: ${problem}`).join('; ')
        : 'it is not JSON';
    const todo = 'correct it; the README lists what a service declares';
    throw new DeliveryError('invalid-package-json', { tried: `reading ${name}`, wrong, todo }, { cause });
  }
}

/** Declared; else `scripts.start` where it needs no shell; else `main`. */
function startOf({ slipway, scripts, main }: PackageJson, name: string): ReleaseManifest['start'] {
  const command = scripts['start']?.trim();
  const found = slipway.start ?? (command === undefined ? undefined : plainStart(command)) ?? (main && ['node', main]);
  if (found && startFile(found) !== undefined) return found;
  const wrong =
    command === undefined
      ? 'neither `slipway.start` nor `scripts.start` nor `main` says what to run'
      : `scripts.start is not a plain \`node FILE\`, got '${command}'`;
  const todo = 'add "slipway": {"start": ["node", "dist/server.js"]} with your file: no shell runs on a host';
  throw new DeliveryError('no-start', { tried: `reading ${name}`, wrong, todo });
}

/** Undefined: a shell would be needed (operators, quotes, variables), or another program. */
function plainStart(command: string): string[] | undefined {
  return /^node(?:\s+[\w./@:=,+-]+)+$/.test(command) ? command.split(/\s+/) : undefined;
}
