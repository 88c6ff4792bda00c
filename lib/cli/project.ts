/** Reads the environments of this repository, and finds the one that a command is about. */
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Environment, EnvironmentName } from '../contract/environment.ts';
import { parseRuntimePins, type RuntimePins } from '../contract/runtime-pins.ts';
import { checkEnvironments } from '../contract/validate-environments.ts';
import { CliError } from './cli-error.ts';
import type { Shell } from './shell.ts';

/** What `environments/index.ts` exports. */
export interface Project {
  readonly service: string;
  readonly environments: Readonly<Record<EnvironmentName, Environment>>;
  /** The first is where releases are built for. */
  readonly promotionOrder: readonly EnvironmentName[];
}

export type ProjectCheck =
  | { readonly kind: 'valid'; readonly project: Project }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** Throws `CliError` with one line per problem. */
export async function readProject(shell: Shell): Promise<Project> {
  const check = await checkProject(shell);
  if (check.kind === 'valid') return check.project;
  throw new CliError(
    'environments-invalid',
    ['the environments do not keep to their contract:', ...check.problems].join('\n  '),
  );
}

/** Throws `CliError` where the files cannot be read at all. */
export async function checkProject(shell: Shell): Promise<ProjectCheck> {
  const check = checkEnvironments(await loadProject(shell));
  if (check.kind === 'valid') return { kind: 'valid', project: check.declared };
  return { kind: 'invalid', problems: check.problems.map(({ field, problem }) => `${field}: ${problem}`) };
}

/** Throws `CliError`; what it gives is unchecked. */
export async function loadProject(shell: Shell): Promise<unknown> {
  try {
    return await shell.loadProject();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new CliError('environments-unreadable', describeUnreadable(message, shell.repository), { cause });
  }
}

/** A compiler says what is wrong, then where (`[path:line:column]`), and then draws it. */
function describeUnreadable(message: string, repository: string): string {
  const place = /\[([^\]\n]+:\d+:\d+)\]/.exec(message)?.[1];
  const [first = ''] = message.trim().split('\n', 1);
  const file = place === undefined ? 'environments/index.ts' : relative(repository, place);
  return `reading ${file}: ${first.replace(/^[x×] /, '')}; correct it`;
}

/** Throws `CliError` that lists the known ones. */
export function findEnvironment(project: Project, name: string | null): Environment {
  const known = Object.values(project.environments);
  const names = known.map((environment) => environment.name).join(', ');
  if (name === null) throw new CliError('usage', `--environment NAME is missing; there are ${names}`);
  const found = known.find((environment) => environment.name === name);
  if (!found) throw new CliError('usage', `unknown environment '${name}'; there are ${names}`);
  return found;
}

/** Where releases are built for when nobody says. */
export function firstEnvironment({ promotionOrder }: Project): EnvironmentName | null {
  return promotionOrder[0] ?? null;
}

export async function readRuntimePins({ repository }: Shell): Promise<RuntimePins> {
  return parseRuntimePins(await readFile(join(repository, 'environments', 'runtime.json'), 'utf8'));
}
