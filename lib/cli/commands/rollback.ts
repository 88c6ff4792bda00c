/** `slipway rollback`: go back by a commit whose tree is an earlier, confirmed one. */
import { readHistory } from '../../delivery/history.ts';
import { rollback as rollBack } from '../../delivery/rollback.ts';
import type { Answer } from '../answer.ts';
import { type Context, findPlace, storeOf, whoAsks } from '../context.ts';
import { rollbackDocument } from '../documents.ts';
import { renderRollback } from '../render/rollback.ts';
import type { RequestOf } from '../requests.ts';

/** Generations that are looked through for a confirmed one. */
const depth = 1_000;

export async function rollback(request: RequestOf<'rollback'>, context: Context): Promise<Answer> {
  const { shell, progress } = context;
  const place = await findPlace(context, request.environment);
  const { name } = place.environment;
  const store = await storeOf(place);
  const history = await readHistory({ store, limit: depth, signal: shell.signal });
  const result = await rollBack({
    repository: shell.repository,
    branch: name,
    remote: request.remote,
    variables: shell.variables,
    to: request.to,
    reason: request.reason,
    isDryRun: request.dryRun,
    by: await whoAsks(shell),
    history,
    signal: shell.signal,
    progress,
  });
  return {
    document: rollbackDocument(name, result),
    picture: (paint) => renderRollback(name, result, paint),
    exitCode: 0,
  };
}
