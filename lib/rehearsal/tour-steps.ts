/** What each step of the tour does, and what it measures. */
import { commitRollback } from './commit-rollback.ts';
import { changeConfig, changeHarmlessly, crashInSoak, neverHealthy } from './changes.ts';
import { deployChange, type Deployed } from './deploy-change.ts';
import { backAfterCrash } from './crash-time.ts';
import type { Load } from './load.ts';
import type { DeploymentFacts } from './measure.ts';
import { RehearsalError } from './rehearsal-error.ts';
import type { RehearsalFigures, StepRecord, TourStep } from './report.ts';
import type { Tour } from './tour.ts';
import { until } from './until.ts';
import type { World } from './world.ts';

/** What a step did: the line that tells it, and what it measured. */
export interface Done {
  readonly told: string;
  readonly facts: DeploymentFacts | null;
  readonly figures: Partial<RehearsalFigures>;
}

export const actions: Readonly<Record<TourStep, (tour: Tour) => Promise<Done>>> = {
  'first-deploy': firstDeploy,
  'config-change': configChange,
  'good-change': goodChange,
  'never-healthy': brokenRelease,
  'crash-in-soak': crashingRelease,
  rollback: rollBack,
  'host-lost': loseHost,
};

const replacedWithinMs = 60_000;
const settledWithinMs = 30_000;

async function firstDeploy({ world }: Tour): Promise<Done> {
  const began = performance.now();
  const commit = await world.copy.head();
  const { facts } = await deployChange(world, 'confirmed', async () => {
    world.runner.take({ branch: 'dev', commit });
    return Promise.resolve(commit);
  });
  await until(world.run.signal, settledWithinMs, () => world.loadBalancer.healthy().length === world.hosts);
  const firstDeploySeconds = (performance.now() - began) / 1_000;
  const told = `dev serves commit ${commit.slice(0, 7)} on ${world.hosts} hosts at ${world.loadBalancer.url}`;
  return { told, facts, figures: { firstDeploySeconds } };
}

async function configChange({ world }: Tour): Promise<Done> {
  const { facts, changedParameters } = await pushed(world, 'confirmed', 'feat(dev): a config value', () =>
    changeConfig(world.copy.path, world.environment.name, world.run.directory.id),
  );
  const told = `${changedParameters.length} SSM parameter changed (${changedParameters.join(', ')}); ${world.hosts} hosts serve the same release with it ${second(facts.switchedSeconds)} after it was written`;
  return { told, facts, figures: { configChangeSeconds: facts.switchedSeconds } };
}

async function goodChange({ world, load }: Tour): Promise<Done> {
  const deployed = await pushed(world, 'confirmed', 'feat: a good change', () =>
    changeHarmlessly(world.copy.service, `${world.run.directory.id} ${Date.now()}`),
  );
  const { facts } = deployed;
  const bytes = `${kilobytes(facts.publishedBytes)} published, ${kilobytes(facts.fetchedBytes)} fetched, ${facts.runtimeBytes} of it runtime`;
  return {
    told: `all hosts serve it ${second(facts.switchedSeconds)} after it was written; ${facts.cloudFormationCalls} CloudFormation calls, ${bytes}`,
    facts,
    figures: {
      writtenToAnswersSeconds: answeredAfter(load, deployed),
      pushedToServingSeconds: add(facts.deliverySeconds, facts.switchedSeconds),
      writtenToServingSeconds: facts.switchedSeconds,
      appStartSeconds: facts.appStartSeconds,
      switchMs: facts.switchMs,
    },
  };
}

async function brokenRelease({ world, steps, figures }: Tour): Promise<Done> {
  const { facts } = await pushed(world, 'rejected', 'feat: a release that never becomes healthy', async () => {
    await world.copy.restore(lastGood(steps));
    await neverHealthy(world.copy.service);
  });
  return {
    told: `rejected after ${second(facts.rejectedSeconds)} (${facts.rejectedFor.join(', ')}): it never got a request`,
    facts,
    figures: { rejectionSeconds: { ...figures.rejectionSeconds, neverHealthy: facts.rejectedSeconds } },
  };
}

async function crashingRelease({ world, load, steps, figures }: Tour): Promise<Done> {
  world.run.story.say('no POST is sent meanwhile: what a crash cuts off, nobody may send twice');
  load?.only('idempotent');
  const { facts } = await pushed(world, 'rejected', 'feat: a release that crashes in its soak', async () => {
    await world.copy.restore(lastGood(steps));
    await crashInSoak(world.copy.service);
  });
  load?.only('all');
  return {
    told: `rejected after ${second(facts.rejectedSeconds)} (${facts.rejectedFor.join(', ')}): the old release was still running, and took over`,
    facts,
    figures: {
      rejectionSeconds: { ...figures.rejectionSeconds, crashInSoak: facts.rejectedSeconds },
      rollback: { ...figures.rollback, hotSeconds: await backAfterCrash(world) },
    },
  };
}

async function rollBack({ world, steps, figures }: Tour): Promise<Done> {
  const began = Date.now();
  const deployed = await deployChange(world, 'confirmed', () => commitBack(world, steps));
  const { facts, pushedAt } = deployed;
  const commandSeconds = (pushedAt - began) / 1_000;
  const rollback = {
    ...figures.rollback,
    writtenToServingSeconds: facts.switchedSeconds,
    commandToServingSeconds: add(add(commandSeconds, facts.deliverySeconds), facts.switchedSeconds),
  };
  const told = `the branch is back at a confirmed tree, and all hosts serve it ${second(facts.switchedSeconds)} after it was written`;
  return { told, facts, figures: { rollback } };
}

/** One before the good change: going back to what the hosts still serve would move nothing. */
async function commitBack(world: World, steps: readonly StepRecord[]): Promise<string> {
  const good = steps.find(({ step }) => step === 'good-change')?.deployment?.commit;
  return commitRollback(world, good === undefined ? null : `${good}~1`);
}

async function loseHost({ world }: Tour): Promise<Done> {
  const { cloud, machines, loadBalancer, run } = world;
  const before = new Set(machines.hosts().map(({ instance }) => instance));
  const [lost] = machines.hosts();
  const began = performance.now();
  run.story.say(`host ${lost?.name} (${lost?.instance}) is terminated in its group, which drains it and makes another`);
  await cloud.terminate(lost?.instance ?? '');
  const isReplaced = (): boolean => loadBalancer.healthy().some((instance) => !before.has(instance));
  const isInTime = await until(run.signal, replacedWithinMs, isReplaced);
  const hostReplacedSeconds = (performance.now() - began) / 1_000;
  if (!isInTime) {
    const complaint = { tried: 'replacing a lost machine', wrong: 'none takes traffic', todo: 'see the logs' };
    throw new RehearsalError('tour-failed', complaint);
  }
  const told = `its replacement takes traffic ${second(hostReplacedSeconds)} after the loss`;
  return { told, facts: null, figures: { hostReplacedSeconds } };
}

/** The commit that the hosts serve: broken changes start from it, whatever was tried before. */
function lastGood(steps: readonly StepRecord[]): string {
  const served = steps.findLast(({ step, deployment }) => deployment !== null && step !== 'never-healthy');
  return served?.deployment?.commit ?? 'HEAD';
}

/** One commit, pushed and deployed. */
function pushed(
  world: World,
  expected: 'confirmed' | 'rejected',
  message: string,
  edit: () => Promise<void>,
): Promise<Deployed> {
  return deployChange(world, expected, async () => {
    await edit();
    const commit = await world.copy.commit(message);
    await world.copy.push();
    return commit;
  });
}

/** Until the last request was sent that another release answered. */
function answeredAfter(load: Load | null, { facts, pushedAt }: Deployed): number | null {
  const sightings = load?.sightings() ?? new Map();
  if (!sightings.has(facts.release) || facts.deliverySeconds === null) return null;
  const writtenAt = pushedAt + facts.deliverySeconds * 1_000;
  const last = [...sightings].flatMap(([release, { lastSentAt }]) => (release === facts.release ? [] : [lastSentAt]));
  return last.length === 0 ? null : Math.max(0, (Math.max(...last) - writtenAt) / 1_000);
}

function add(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

const second = (value: number | null): string => (value === null ? 'an unknown time' : `${value.toFixed(1)} s`);
const kilobytes = (bytes: number): string => `${(bytes / 1_000).toFixed(0)} kB`;
