/** `slipway deploy`: bring an environment to a commit, and wait until its hosts serve it. */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { bundleAgent } from '../../delivery/agent-bundle.ts';
import { type Assembly, readAssembly, synthesize } from '../../delivery/assembly.ts';
import { requireCommitted } from '../../delivery/checkout.ts';
import { deploy as deployCommit } from '../../delivery/deploy.ts';
import type { Answer } from '../answer.ts';
import { type Context, findPlace, inServiceOf, type Place, whoAsks } from '../context.ts';
import { deployDocument } from '../documents.ts';
import { renderDeployment } from '../render/deployment.ts';
import type { RequestOf } from '../requests.ts';
import { buildSource } from '../source.ts';
import { together } from '../together.ts';

export async function deploy(request: RequestOf<'deploy'>, context: Context): Promise<Answer> {
  const place = await findPlace(context, request.environment);
  // Of this process alone: two deploys at once must not write over each other's assembly.
  const scratch = join(context.shell.repository, '.slipway', 'assembly', `${place.environment.name}-${process.pid}`);
  try {
    return await deployFrom(scratch, request, { ...context, place });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function deployFrom(
  scratch: string,
  request: RequestOf<'deploy'>,
  { place, ...context }: Context & { readonly place: Place },
): Promise<Answer> {
  const { shell, progress } = context;
  const { project, environment, aws } = place;
  const startedAt = shell.now();
  await requireCommitted('', 'commit them first: Git is the only input of a deploy', shell);
  const [build, assembly] = await together(
    shell.signal,
    async (signal) => buildSource({ ...request, commit: null }, place, context, signal),
    async (signal) => findAssembly(scratch, request, place, { ...context, shell: { ...shell, signal } }),
  );
  const prepareSeconds = (shell.now() - startedAt) / 1_000;
  const deployment = await deployCommit({
    repository: shell.repository,
    service: project.service,
    environment,
    aws,
    variables: shell.variables,
    build,
    platform: request.platform,
    agent: await bundleAgent(shell.repository),
    assembly,
    by: await whoAsks(shell),
    retry: request.retry,
    signal: shell.signal,
    progress,
    wait: request.noWait ? null : { timeoutMs: request.timeout * 1_000, instances: await inServiceOf(place, context) },
  });
  const { record } = deployment;
  const { name, delivery } = environment;
  const picture = { environment: name, mode: delivery.mode, deployment, prepareSeconds, nowMs: shell.now() };
  return {
    document: deployDocument(picture),
    picture: (paint) => renderDeployment(picture, paint),
    exitCode: record === null || record.outcome === 'confirmed' ? 0 : 1,
  };
}

async function findAssembly(
  scratch: string,
  { assembly }: RequestOf<'deploy'>,
  { project: { service }, environment: { name } }: Place,
  { shell: { repository, variables, signal }, progress }: Context,
): Promise<Assembly> {
  if (assembly !== null) return readAssembly({ directory: resolve(assembly), environment: name, service });
  return synthesize({ directory: scratch, environment: name, service, repository, variables, signal, progress });
}
