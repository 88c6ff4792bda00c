/** Looks whether this machine, this clone and this account are fit to deploy from; each finding with its remedy. */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Environment } from '../contract/environment.ts';
import { storeBucketName } from '../contract/names.ts';
import { callerAccount } from './aws-account.ts';
import { lastLines, runCommand } from './command.ts';
import { DeliveryError } from './delivery-error.ts';
import { type GitOptions, repositoryRoot, resolveCommit } from './git.ts';
import type { Variables } from './progress.ts';
import { openStore } from './s3-store.ts';
import type { AwsAccess } from './store.ts';

export interface Check {
  readonly id: string;
  readonly ok: boolean;
  /** Not needed for everything: a check that fails without being required is a hint. */
  readonly required: boolean;
  readonly found: string;
  /** Empty where all is well. */
  readonly remedy: string;
}

export interface DoctorOptions {
  readonly repository: string;
  readonly service: string;
  readonly serviceDirectory: string;
  readonly environments: readonly Environment[];
  /** What is wrong with the environment files, found by whoever loaded them. */
  readonly environmentProblems: readonly string[];
  /** `process.versions.node`. */
  readonly nodeVersion: string;
  readonly awsFor: (environment: Environment) => AwsAccess;
  readonly variables: Variables;
  readonly signal: AbortSignal;
}

/** Never throws for what it finds. */
export async function doctor(options: DoctorOptions): Promise<readonly Check[]> {
  const local = await Promise.all([
    checkRepository(options),
    ...options.environments.map(async (environment) => checkBranch(environment.name, options)),
    checkLock(options),
    checkCdk(options),
    checkProgram(
      'haproxy',
      ['-v'],
      'without it the rehearsal uses its built-in switch; `apt-get install haproxy`',
      options,
    ),
    checkProgram('moto_server', ['--help'], 'the rehearsal installs it by itself, if Python 3 is there', options),
  ]);
  const remote = await Promise.all(options.environments.map(async (environment) => checkAccess(environment, options)));
  return [checkNode(options), ...local, checkEnvironments(options), ...remote.flat()];
}

function check(id: string, ok: boolean, found: string, remedy: string, required = true): Check {
  return { id, ok, required, found, remedy: ok ? '' : remedy };
}

function checkNode({ nodeVersion }: DoctorOptions): Check {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const isNewEnough = major > 20 || (major === 20 && minor >= 19);
  return check('node', isNewEnough, `Node.js ${nodeVersion}`, 'install Node.js 20.19 or later');
}

function checkEnvironments({ environmentProblems, environments }: DoctorOptions): Check {
  const found = environmentProblems.join('; ') || `${environments.length} environments, all valid`;
  return check('environments', environmentProblems.length === 0, found, 'correct the files in environments/');
}

async function checkRepository(options: DoctorOptions): Promise<Check> {
  return attempt('git-repository', async () => `repository ${await repositoryRoot(gitOptions(options))}`);
}

async function checkBranch(branch: string, options: DoctorOptions): Promise<Check> {
  const id = `branch-${branch}`;
  for (const name of [`refs/remotes/origin/${branch}`, `refs/heads/${branch}`]) {
    const commit = await resolveCommit(name, gitOptions(options)).catch(() => undefined);
    if (commit !== undefined) return check(id, true, `branch '${branch}' at ${commit.slice(0, 12)}`, '');
  }
  return check(id, false, `no branch '${branch}'`, `make it: \`git branch ${branch} && git push origin ${branch}\``);
}

async function checkLock({ repository, serviceDirectory }: DoctorOptions): Promise<Check> {
  const path = join(serviceDirectory, 'package-lock.json');
  const isThere = await access(join(repository, path)).then(
    () => true,
    () => false,
  );
  return check('service-lock', isThere, isThere ? path : `no ${path}`, 'write it with `npm install` and commit it');
}

const versionSchema = v.object({ version: v.string() });

async function checkCdk({ repository }: DoctorOptions): Promise<Check> {
  const remedy = 'run `npm ci`: package.json pins aws-cdk 2.x (3.0.0 was published by accident and reads no assembly)';
  try {
    const text = await readFile(join(repository, 'node_modules', 'aws-cdk', 'package.json'), 'utf8');
    const json: unknown = JSON.parse(text);
    const { version } = v.parse(versionSchema, json);
    return check('cdk', version.startsWith('2.'), `aws-cdk ${version}`, remedy);
  } catch {
    return check('cdk', false, 'no aws-cdk in node_modules', remedy);
  }
}

async function checkProgram(name: string, args: readonly string[], remedy: string, options: DoctorOptions) {
  const { repository, variables, signal } = options;
  const result = await runCommand(name, args, { directory: repository, variables, signal }).catch(() => undefined);
  const isThere = result?.exitCode === 0;
  const found = isThere ? (lastLines(result, 100).split('\n', 1)[0] ?? name) : `no ${name} on the PATH`;
  return check(name, isThere, found, remedy, false);
}

async function checkAccess(environment: Environment, options: DoctorOptions): Promise<readonly Check[]> {
  const { name, account } = environment;
  const aws = options.awsFor(environment);
  const identity = await attempt(`account-${name}`, async () => {
    const found = await callerAccount(aws, options.signal);
    if (found === account) return `credentials of account ${account}`;
    const todo = 'log in to that account, or correct `account` in the environment file';
    throw new DeliveryError('wrong-account', {
      tried: name,
      wrong: `they are of account '${found}', expected '${account}'`,
      todo,
    });
  });
  if (!identity.ok) return [{ ...identity, required: false }];
  const bucket = storeBucketName({ ...environment, service: options.service, environment: name });
  const store = await attempt(`store-${name}`, async () => {
    if (await openStore(bucket, aws).exists(options.signal)) return `bucket '${bucket}'`;
    const todo = `nothing was deployed there yet: \`slipway deploy ${name}\``;
    throw new DeliveryError('bucket-missing', { tried: name, wrong: `no bucket '${bucket}'`, todo });
  });
  return [identity, { ...store, required: false }];
}

async function attempt(id: string, work: () => Promise<string>): Promise<Check> {
  try {
    return check(id, true, await work(), '');
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    return check(id, false, error.complaint.wrong, error.complaint.todo);
  }
}

function gitOptions({ repository, variables, signal }: DoctorOptions): GitOptions {
  return { repository, variables, signal };
}
