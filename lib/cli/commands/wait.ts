/** `slipway wait`: follow the newest deployment to its end. */
import { parseDesiredState } from '../../contract/desired-state.ts';
import { desiredStateKey } from '../../contract/names.ts';
import { systemClock } from '../../delivery/clock.ts';
import { awaitEnd } from '../../delivery/deployment-end.ts';
import type { Answer } from '../answer.ts';
import { CliError } from '../cli-error.ts';
import { type Context, findPlace, inServiceOf, storeOf, whoAsks } from '../context.ts';
import { waitDocument } from '../documents.ts';
import { renderEnding } from '../render/deployment.ts';
import type { RequestOf } from '../requests.ts';

export async function wait(request: RequestOf<'wait'>, context: Context): Promise<Answer> {
  const { shell, progress } = context;
  const place = await findPlace(context, request.environment);
  const { name, delivery, hosts: size } = place.environment;
  const store = await storeOf(place);
  const told = await store.read(desiredStateKey, parseDesiredState, shell.signal);
  if (!told) {
    const todo = `slipway deploy --environment ${name}`;
    throw new CliError('nothing-deployed', `waiting for '${name}': nothing was deployed there yet; ${todo}`);
  }
  const { record, hosts, seconds } = await awaitEnd({
    store,
    desired: told.value,
    writtenAt: told.writtenAt,
    by: told.by ?? (await whoAsks(shell)),
    minHosts: size.min,
    instances: await inServiceOf(place, context),
    timeoutMs: request.timeout * 1_000,
    clock: systemClock,
    signal: shell.signal,
    progress,
  });
  return {
    document: { environment: name, ...waitDocument(record, hosts, seconds) },
    picture: (paint) =>
      renderEnding({ environment: name, mode: delivery.mode, record, hosts, nowMs: shell.now() }, paint),
    exitCode: record.outcome === 'confirmed' ? 0 : 1,
  };
}
