/** `slipway doctor`: what is missing on this machine or in the account. */
import type { Environment } from '../../contract/environment.ts';
import { doctor as examine } from '../../delivery/doctor.ts';
import type { Answer } from '../answer.ts';
import { awsAccess, type Context } from '../context.ts';
import { doctorDocument } from '../documents.ts';
import { checkProject, findEnvironment, type Project } from '../project.ts';
import { renderDoctor } from '../render/doctor.ts';
import type { RequestOf } from '../requests.ts';
import { serviceDirectory } from '../source.ts';

export async function doctor({ environment }: RequestOf<'doctor'>, { shell }: Context): Promise<Answer> {
  const check = await checkProject(shell);
  const project = check.kind === 'valid' ? check.project : null;
  const checks = await examine({
    repository: shell.repository,
    service: project?.service ?? '',
    serviceDirectory,
    environments: project ? environmentsOf(project, environment) : [],
    environmentProblems: check.kind === 'valid' ? [] : check.problems,
    nodeVersion: process.versions.node,
    awsFor: (environment) => awsAccess(environment, shell),
    variables: shell.variables,
    signal: shell.signal,
  });
  return {
    document: doctorDocument(checks),
    picture: (paint) => renderDoctor(checks, paint),
    exitCode: checks.some(({ ok, required }) => required && !ok) ? 1 : 0,
  };
}

function environmentsOf(project: Project, name: string | null): readonly Environment[] {
  return name === null ? Object.values(project.environments) : [findEnvironment(project, name)];
}
