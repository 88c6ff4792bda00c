/** `slipway status`: what the environment was told, what each host does, and whether all is well. */
import type { InService } from '../../delivery/in-service.ts';
import { type EnvironmentStatus, readStatus } from '../../delivery/status.ts';
import type { Store } from '../../delivery/store.ts';
import { type Answer, documentLine } from '../answer.ts';
import { type Context, findPlace, inServiceOf, type Place, storeOf } from '../context.ts';
import { statusDocument } from '../documents.ts';
import { renderStatus } from '../render/status.ts';
import type { RequestOf } from '../requests.ts';
import type { Shell } from '../shell.ts';
import { expectationOf, type Verdict, verdictOf } from '../verdict.ts';
import { type Sight, watch } from '../watch.ts';

const watchIntervalMs = 2_000;

export async function status(request: RequestOf<'status'>, context: Context): Promise<Answer | null> {
  const { shell, paint } = context;
  const place = await findPlace(context, request.environment);
  const [store, instances] = await Promise.all([storeOf(place), inServiceOf(place, context)]);
  const seen = { place, store, instances, shell };
  if (!request.watch) return (await look(seen)).answer;
  const sight = async (): Promise<Sight> => {
    const { answer, state } = await look(seen);
    return { text: request.json ? documentLine('status', answer.document) : answer.picture(paint), state };
  };
  const isPicture = shell.stdout.isTerminal && !request.json;
  await watch(sight, { output: shell.stdout, isPicture, intervalMs: watchIntervalMs, signal: shell.signal });
  return null;
}

interface Looked {
  readonly place: Place;
  readonly store: Store;
  readonly instances: InService;
  readonly shell: Shell;
}

async function look({ place: { project, environment }, store, instances, shell }: Looked) {
  const { service } = project;
  const nowMs = shell.now();
  const status = await readStatus({ store, signal: shell.signal, now: nowMs, instances });
  const verdict = verdictOf(status, expectationOf(environment, nowMs));
  const answer: Answer = {
    document: statusDocument({ service, environment: environment.name }, status, verdict),
    picture: (paint) => renderStatus({ service, environment, status, verdict, nowMs }, paint),
    exitCode: 0,
  };
  return { answer, state: stateOf(status, verdict) };
}

function stateOf({ desired, record, infrastructure, hosts }: EnvironmentStatus, { state }: Verdict): string {
  const told = [desired?.value.generation, record?.outcome, infrastructure?.state, state];
  const hostStates = hosts.map(({ host, outcome, status }) => [
    host,
    outcome,
    status.phase,
    status.serving,
    status.healed,
  ]);
  return JSON.stringify([told, hostStates]);
}
