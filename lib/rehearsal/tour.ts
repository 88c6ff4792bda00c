/** The tour: steps in their order, each told and counted, until one does not end as it should. */
import { type Load, startLoad } from './load.ts';
import { emptyFigures, type RehearsalFigures, type StepRecord, type TourStep, tourSteps } from './report.ts';
import { actions, type Done } from './tour-steps.ts';
import { until } from './until.ts';
import type { World } from './world.ts';

/** Enough for 20,000 requests in a minute, and what two cores can spare beside two hosts and a deployment. */
const perSecond = 400;
/** While nobody but a person deploys: enough to see a failure, little enough to forget. */
const perSecondWhileStaying = 40;
const connections = 32;
/** Fewer would prove little: a tour that was quick goes on a moment, faster. */
const leastRequests = 20_000;
const perSecondAtTheEnd = 1_000;
const endWithinMs = 20_000;

export interface Tour {
  readonly world: World;
  /** Null until something serves. */
  readonly load: Load | null;
  readonly steps: readonly StepRecord[];
  readonly figures: RehearsalFigures;
}

export interface TourOptions {
  readonly steps: readonly TourStep[];
  /** The load goes on for as long as the user stays. */
  readonly stays: boolean;
  /** After each step. */
  readonly onStep: (tour: Tour) => void;
}

/** Throws `RehearsalError` at the first step that does not end as it should. */
export async function takeTour(world: World, { steps, stays, onStep }: TourOptions): Promise<Tour> {
  let tour: Tour = { world, load: null, steps: [], figures: emptyFigures };
  for (const step of steps) {
    world.run.story.chapter(titles[step]);
    const { record, done } = await take(step, tour);
    world.run.story.say(done.told);
    if (tour.load) world.run.story.say(`${record.requests} requests meanwhile, ${record.failed} failed`);
    const load = tour.load ?? beginLoad(world, stays ? perSecondWhileStaying : perSecond);
    tour = { world, load, steps: [...tour.steps, record], figures: { ...tour.figures, ...done.figures } };
    onStep(tour);
  }
  if (!stays && steps.length === tourSteps.length) await fillUp(tour);
  return tour;
}

async function fillUp({ world, load }: Tour): Promise<void> {
  const missing = leastRequests - (load?.figures().requests ?? leastRequests);
  if (missing <= 0) return;
  world.run.story.say(`${missing} more requests, to make it ${leastRequests}`);
  load?.rate(perSecondAtTheEnd);
  await until(world.run.signal, endWithinMs, () => (load?.figures().requests ?? leastRequests) >= leastRequests);
}

const titles: Readonly<Record<TourStep, string>> = {
  'first-deploy': 'First deployment: the stacks, two machines, the service',
  'config-change': 'A config value changes, under load',
  'good-change': 'A good change, under load',
  'never-healthy': 'A release that never becomes healthy',
  'crash-in-soak': 'A release that is healthy at first, and crashes after it was switched to',
  rollback: 'Back, by a commit',
  'host-lost': 'A machine is lost',
};

async function take(step: TourStep, tour: Tour): Promise<{ readonly record: StepRecord; readonly done: Done }> {
  const count = () => tour.load?.figures() ?? { requests: 0, failed: 0 };
  const before = count();
  const startedAt = performance.now();
  const done = await actions[step](tour);
  const after = count();
  const record: StepRecord = {
    step,
    told: done.told,
    seconds: (performance.now() - startedAt) / 1_000,
    requests: after.requests - before.requests,
    failed: after.failed - before.failed,
    deployment: done.facts,
    figures: done.figures,
  };
  return { record, done };
}

function beginLoad({ loadBalancer, run }: World, perSecond: number): Load {
  const load = startLoad({ port: loadBalancer.port, perSecond, connections });
  run.atEnd(() => load.stop());
  run.story.say(`from now on ${perSecond} requests a second over ${connections} kept connections, one of ten a POST`);
  return load;
}
