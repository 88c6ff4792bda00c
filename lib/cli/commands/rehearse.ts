/** `slipway rehearse`: the whole thing on this machine, without an AWS account. */
import { resolve } from 'node:path';
import { rehearse as takeTour } from '../../rehearsal/rehearse.ts';
import type { Answer } from '../answer.ts';
import type { Context } from '../context.ts';
import { findEnvironment, firstEnvironment, readProject } from '../project.ts';
import type { RequestOf } from '../requests.ts';

export async function rehearse(request: RequestOf<'rehearse'>, { shell }: Context): Promise<Answer> {
  const project = await readProject(shell);
  const report = await takeTour({
    repository: shell.repository,
    service: project.service,
    environment: findEnvironment(project, firstEnvironment(project)),
    serviceDirectory: request.service === null ? null : resolve(request.service),
    stays: request.stay,
    port: request.port,
    proxy: request.proxy,
    jsonFile: request.jsonFile === null ? null : resolve(request.jsonFile),
    variables: shell.variables,
    write: (line) => shell.stdout.write(`${line}\n`),
    signal: shell.signal,
  });
  // The story was told while it happened.
  return { document: report, picture: () => '', exitCode: report.isGood ? 0 : 1 };
}
