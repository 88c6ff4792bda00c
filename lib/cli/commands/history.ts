/** `slipway history`: what was deployed, when, by whom, and how it ended. */
import { readHistory } from '../../delivery/history.ts';
import type { Answer } from '../answer.ts';
import { type Context, findPlace, storeOf } from '../context.ts';
import { historyDocument } from '../documents.ts';
import { renderHistory } from '../render/history.ts';
import type { RequestOf } from '../requests.ts';

export async function history(request: RequestOf<'history'>, context: Context): Promise<Answer> {
  const { shell } = context;
  const place = await findPlace(context, request.environment);
  const { name } = place.environment;
  const store = await storeOf(place);
  const entries = await readHistory({ store, limit: request.limit, signal: shell.signal });
  return {
    document: historyDocument(name, entries),
    picture: (paint) => renderHistory({ name, entries, nowMs: shell.now() }, paint),
    exitCode: 0,
  };
}
