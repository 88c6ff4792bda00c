/** `slipway build`: the release of a commit, on this machine. */
import type { Answer } from '../answer.ts';
import type { Context } from '../context.ts';
import { findPlace } from '../context.ts';
import { buildDocument } from '../documents.ts';
import { firstEnvironment, readProject } from '../project.ts';
import { renderBuild } from '../render/build.ts';
import type { RequestOf } from '../requests.ts';
import { buildSource } from '../source.ts';

export async function build(request: RequestOf<'build'>, context: Context): Promise<Answer> {
  const name = request.environment ?? firstEnvironment(await readProject(context.shell));
  const built = await buildSource(request, await findPlace(context, name), context);
  return { document: buildDocument(built), picture: (paint) => renderBuild(built, paint), exitCode: 0 };
}
