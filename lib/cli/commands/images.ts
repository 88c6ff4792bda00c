/** `slipway images`: move the pinned machine images to the newest of their families. */
import { openImageSource } from '../../delivery/image-source.ts';
import { moveImages } from '../../delivery/images.ts';
import type { Answer } from '../answer.ts';
import { awsAccess, type Context } from '../context.ts';
import { imagesDocument } from '../documents.ts';
import { readImagePlaces } from '../image-places.ts';
import { renderImages } from '../render/images.ts';
import type { RequestOf } from '../requests.ts';

export async function images(request: RequestOf<'images'>, { shell }: Context): Promise<Answer> {
  const isCheck = request.check;
  const moves = await moveImages({
    repository: shell.repository,
    places: await readImagePlaces(shell, request.environment),
    sourceFor: (region) => openImageSource(awsAccess({ region }, shell)),
    isCheck,
    signal: shell.signal,
  });
  return {
    document: imagesDocument(moves, isCheck),
    picture: (paint) => renderImages(moves, isCheck, paint),
    exitCode: isCheck && moves.some(({ isOld }) => isOld) ? 1 : 0,
  };
}
