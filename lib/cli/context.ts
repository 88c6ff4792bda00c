/** What commands share: the environment that they are about, its store, and who asks. */
import { userInfo } from 'node:os';
import type { Environment } from '../contract/environment.ts';
import { storeBucketName } from '../contract/names.ts';
import { runCommand } from '../delivery/command.ts';
import type { InService } from '../delivery/in-service.ts';
import type { Progress } from '../delivery/progress.ts';
import type { AwsAccess, Store } from '../delivery/store.ts';
import type { Paint } from './render/paint.ts';
import { findEnvironment, type Project, readProject } from './project.ts';
import type { Shell } from './shell.ts';

/** What every command gets beside its request. */
export interface Context {
  readonly shell: Shell;
  readonly progress: Progress;
  /** Of the standard output. */
  readonly paint: Paint;
}

export interface Place {
  readonly project: Project;
  readonly environment: Environment;
  readonly aws: AwsAccess;
}

/** Throws `CliError`. */
export async function findPlace({ shell }: Context, name: string | null): Promise<Place> {
  const project = await readProject(shell);
  const environment = findEnvironment(project, name);
  return { project, environment, aws: awsAccess(environment, shell) };
}

/** Region from the environment's file; an emulator's address from AWS's own variables; the rest is found by the SDK. */
export function awsAccess({ region }: Pick<Environment, 'region'>, { variables }: Shell): AwsAccess {
  const endpoint = variables['AWS_ENDPOINT_URL'] ?? variables['AWS_ENDPOINT_URL_S3'];
  return endpoint ? { region, endpoint } : { region };
}

/** Loads the AWS SDK: only commands that ask the store call it. */
export async function storeOf({ project, environment, aws }: Place): Promise<Store> {
  const { openStore } = await import('../delivery/s3-store.ts');
  const { name, account, region } = environment;
  return openStore(storeBucketName({ service: project.service, environment: name, account, region }), aws);
}

/** Asks Auto Scaling, where the one who asks may; loads the AWS SDK. */
export async function inServiceOf(
  { project: { service }, environment: { name }, aws }: Place,
  { progress }: Pick<Context, 'progress'>,
): Promise<InService> {
  const { findInService } = await import('../delivery/in-service.ts');
  return findInService({ service, environment: name, aws, progress });
}

/** A person's or a workflow's name, at most 200 characters. */
export async function whoAsks({ variables, repository, signal }: Shell): Promise<string> {
  const name = variables['GITHUB_ACTOR'] || (await gitUser({ variables, repository, signal })) || userInfo().username;
  return name.slice(0, 200);
}

async function gitUser({ variables, repository, signal }: Pick<Shell, 'variables' | 'repository' | 'signal'>) {
  const result = await runCommand('git', ['config', 'user.name'], { directory: repository, variables, signal }).catch(
    // Without Git there is still the name of the account on this machine.
    () => undefined,
  );
  return result?.exitCode === 0 ? result.stdout.trim() : '';
}
