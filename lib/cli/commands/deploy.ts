/** `slipway deploy`: bring an environment to a commit, and wait until its hosts serve it. */
import { join, resolve } from 'node:path';
import { bundleAgent } from '../../delivery/agent-bundle.ts';
import { type Assembly, readAssembly, synthesize } from '../../delivery/assembly.ts';
import { deploy as deployCommit } from '../../delivery/deploy.ts';
import type { Answer } from '../answer.ts';
import { type Context, findPlace, type Place, whoAsks } from '../context.ts';
import { deployDocument } from '../documents.ts';
import { renderDeployment } from '../render/deployment.ts';
import type { RequestOf } from '../requests.ts';
import { buildSource } from '../source.ts';
import { together } from '../together.ts';

export async function deploy(request: RequestOf<'deploy'>, context: Context): Promise<Answer> {
  const { shell, progress } = context;
  const place = await findPlace(context, request.environment);
  const { project, environment, aws } = place;
  const [build, assembly] = await together(
    shell.signal,
    async (signal) => buildSource(request, place, context, signal),
    async (signal) => findAssembly(request, place, { ...context, shell: { ...shell, signal } }),
  );
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
    wait: request.noWait ? null : { timeoutMs: request.timeout * 1_000 },
  });
  const { record } = deployment;
  return {
    document: deployDocument(environment.name, deployment),
    picture: (paint) => renderDeployment(environment.name, deployment, shell.now(), paint),
    exitCode: record === null || record.outcome === 'confirmed' ? 0 : 1,
  };
}

async function findAssembly(
  { assembly }: RequestOf<'deploy'>,
  { project: { service }, environment: { name } }: Place,
  { shell: { repository, variables, signal }, progress }: Context,
): Promise<Assembly> {
  if (assembly !== null) return readAssembly({ directory: resolve(assembly), environment: name, service });
  const directory = join(repository, '.slipway', 'assembly', name);
  return synthesize({ directory, environment: name, service, repository, variables, signal, progress });
}
