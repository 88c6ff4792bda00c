/** `slipway publish`: build, and bring the release into the environment's store. */
import { bundleAgent } from '../../delivery/agent-bundle.ts';
import { publish as publishRelease } from '../../delivery/publish.ts';
import type { Answer } from '../answer.ts';
import { type Context, findPlace, storeOf } from '../context.ts';
import { publishDocument } from '../documents.ts';
import { renderBuild, renderPublished } from '../render/build.ts';
import type { RequestOf } from '../requests.ts';
import { buildSource } from '../source.ts';

export async function publish(request: RequestOf<'publish'>, context: Context): Promise<Answer> {
  const { shell, progress } = context;
  const place = await findPlace(context, request.environment);
  const store = await storeOf(place);
  const release = await buildSource(request, place, context);
  const agent = await bundleAgent(shell.repository);
  const published = await publishRelease({ store, release, agent, signal: shell.signal, progress });
  return {
    document: publishDocument(place.environment.name, store.bucket, release, published),
    picture: (paint) => renderBuild(release, paint) + renderPublished(published, store.bucket, paint),
    exitCode: 0,
  };
}
