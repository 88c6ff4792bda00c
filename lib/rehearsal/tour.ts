/** The tour: what happens to a service and its environment in a life, one step after the other, under load. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { changeConfig, changeHarmlessly, crashInSoak, neverHealthy } from './changes.ts';
import { deployChange, type Deployed, type Expected, hostsAt, isServing } from './deploy-change.ts';
import { type Load, startLoad } from './load.ts';
import { emptyFigures, type RehearsalFigures, type StepRecord, type TourStep } from './report.ts';
import { slipway } from './runner.ts';
import { until } from './until.ts';
import type { World } from './world.ts';

/** Enough for 20,000 requests in a minute, and what two cores can spare beside two hosts and a deployment. */
const perSecond = 480;
const connections = 32;

export interface Tour {
  readonly world: World;
  readonly load: Load | null;
  readonly steps: readonly StepRecord[];
  readonly figures: RehearsalFigures;
}

/** What a step did: the line that tells it, and what it measured. */
interface Done {
  readonly told: string;
  readonly deployed: Deployed | null;
  readonly figures: Partial<RehearsalFigures>;
}

/** Takes the steps in their order; the state grows from step to step. Throws `RehearsalError` at the first step that does not end as it should. */
export async function takeTour(world: World, steps: readonly TourStep[], told: (tour: Tour) => void): Promise<Tour> {
  const { story } = world.run;
  let tour: Tour = { world, load: null, steps: [], figures: emptyFigures };
  for (const step of steps) {
    story.chapter(titles[step]);
    const before = tour.load?.figures();
    const startedAt = performance.now();
    const done = await actions[step](tour);
    const after = tour.load?.figures();
    const record: StepRecord = {
      step,
      told: done.told,
      seconds: (performance.now() - startedAt) / 1_000,
      requests: (after?.requests ?? 0) - (before?.requests ?? 0),
      failed: (after?.failed ?? 0) - (before?.failed ?? 0),
      deployment: done.deployed?.facts ?? null,
    };
    story.say(done.told);
    if (after) story.say(`${record.requests} requests meanwhile, ${record.failed} failed`);
    const load = tour.load ?? startTourLoad(world);
    tour = { world, load, steps: [...tour.steps, record], figures: { ...tour.figures, ...done.figures } };
    told(tour);
  }
  return tour;
}

const titles: Readonly<Record<TourStep, string>> = {
  'first-deploy': 'First deployment: the stacks, two hosts, the service',
  'config-change': 'A config value changes, under load',
  'good-change': 'A good change, under load',
  'never-healthy': 'A release that never becomes healthy',
  'crash-in-soak':
    'A release that is healthy, and crashes after it was switched to (no POST is sent meanwhile: what a crash cuts off, nobody may send twice)',
  rollback: 'Back, by a commit',
  'host-lost': 'A machine is lost',
};

const actions: Readonly<Record<TourStep, (tour: Tour) => Promise<Done>>> = {
  'first-deploy': firstDeploy,
  'config-change': configChange,
  'good-change': goodChange,
  'never-healthy': brokenRelease,
  'crash-in-soak': crashingRelease,
  rollback: rollBack,
  'host-lost': loseHost,
};

function startTourLoad({ loadBalancer, run }: World): Load {
  const load = startLoad({ port: loadBalancer.port, perSecond, connections });
  run.atEnd(() => load.stop());
  run.story.say(`from now on ${perSecond} requests a second over ${connections} kept connections, one of ten a POST`);
  return load;
}

async function firstDeploy({ world }: Tour): Promise<Done> {
  const began = performance.now();
  const commit = await world.copy.head();
  const deployed = await deployChange(world, confirmed, async () => {
    world.runner.take({ branch: 'dev', commit });
    return commit;
  });
  await until(world.run.signal, 30_000, () => world.loadBalancer.healthy().length === world.hosts);
  const firstDeploySeconds = (performance.now() - began) / 1_000;
  const told = `dev serves commit ${commit.slice(0, 7)} on ${world.hosts} hosts at ${world.loadBalancer.url}`;
  return { told, deployed, figures: { firstDeploySeconds } };
}

async function configChange({ world }: Tour): Promise<Done> {
  const deployed = await pushed(world, confirmed, 'feat(dev): a config value', () =>
    changeConfig(world.copy.path, world.environment.name, world.run.directory.id),
  );
  const { switchedSeconds, release } = deployed.facts;
  const told = `the same release ${release.slice(0, 12)}, restarted with the new value ${second(switchedSeconds)} after the desired state was written; ${deployed.changedParameters.length} SSM parameter changed`;
  return { told, deployed, figures: { configChangeSeconds: switchedSeconds } };
}

async function goodChange({ world, load }: Tour): Promise<Done> {
  const deployed = await pushed(world, confirmed, 'feat: a good change', () =>
    changeHarmlessly(world.copy.service, `${world.run.directory.id} ${Date.now()}`),
  );
  const { facts } = deployed;
  const writtenToAnswersSeconds = answeredAfter(load, deployed);
  const moved = `${kilobytes(facts.publishedBytes)} published, ${kilobytes(facts.fetchedBytes)} fetched by ${world.hosts} hosts, ${facts.runtimeBytes} of them runtime`;
  return {
    told: `all hosts serve it ${second(facts.switchedSeconds)} after the desired state was written; ${facts.cloudFormationCalls} CloudFormation calls, ${moved}`,
    deployed,
    figures: {
      writtenToAnswersSeconds,
      pushedToServingSeconds: add(facts.deliverySeconds, facts.switchedSeconds),
      writtenToServingSeconds: facts.switchedSeconds,
      appStartSeconds: facts.appStartSeconds,
      switchMs: facts.switchMs,
    },
  };
}

async function brokenRelease({ world, steps, figures }: Tour): Promise<Done> {
  const deployed = await pushed(world, rejected, 'feat: a release that never becomes healthy', async () => {
    await world.copy.restore(lastGood(steps));
    await neverHealthy(world.copy.service);
  });
  const { rejectedSeconds, rejectedFor } = deployed.facts;
  return {
    told: `rejected after ${second(rejectedSeconds)} (${rejectedFor.join(', ')}): it never got a request`,
    deployed,
    figures: { rejectionSeconds: { ...figures.rejectionSeconds, neverHealthy: rejectedSeconds } },
  };
}

async function crashingRelease({ world, load, steps, figures }: Tour): Promise<Done> {
  load?.only('idempotent');
  const deployed = await pushed(world, rejected, 'feat: a release that crashes in its soak', async () => {
    await world.copy.restore(lastGood(steps));
    await crashInSoak(world.copy.service);
  });
  load?.only('all');
  const { rejectedSeconds, rejectedFor } = deployed.facts;
  const hotSeconds = await backAfterCrash(world);
  return {
    told: `rejected after ${second(rejectedSeconds)} (${rejectedFor.join(', ')}): the old release, still running, took over`,
    deployed,
    figures: {
      rejectionSeconds: { ...figures.rejectionSeconds, crashInSoak: rejectedSeconds },
      rollback: { ...figures.rollback, hotSeconds },
    },
  };
}

async function rollBack({ world, steps, figures }: Tour): Promise<Done> {
  const good = steps.find(({ step }) => step === 'good-change')?.deployment?.commit;
  const began = Date.now();
  const deployed = await deployChange(world, confirmed, async () => {
    // One before the good change: going to the commit that the hosts still serve would move nothing.
    const to = good === undefined ? [] : ['--to', `${good}~1`];
    const { variables } = world.emulator;
    const args = ['rollback', '--environment', world.environment.name, '--reason', 'rehearsed', ...to, '--json'];
    const { exit, complaint } = await slipway(world.run, world.copy.path, args, { variables });
    if (exit.code !== 0) throw new Error(`slipway rollback: ${complaint}`);
    await world.copy.pull();
    return world.copy.head();
  });
  const { switchedSeconds, deliverySeconds } = deployed.facts;
  const commandSeconds = (deployed.pushedAt - began) / 1_000;
  const rollback = {
    ...figures.rollback,
    writtenToServingSeconds: switchedSeconds,
    commandToServingSeconds: add(add(commandSeconds, deliverySeconds), switchedSeconds),
  };
  const told = `all hosts serve the release before ${second(switchedSeconds)} after the desired state was written; the branch says so too`;
  return { told, deployed, figures: { rollback } };
}

async function loseHost({ world }: Tour): Promise<Done> {
  const { cloud, machines, loadBalancer, run } = world;
  const [lost] = machines.hosts();
  if (!lost) throw new Error('there is no host to lose');
  const before = new Set(machines.hosts().map(({ instance }) => instance));
  const began = performance.now();
  run.story.say(`host ${lost.name} (${lost.instance}) is terminated in its group`);
  await cloud.terminate(lost.instance);
  const isReplaced = (): boolean => loadBalancer.healthy().some((instance) => !before.has(instance));
  await until(run.signal, 60_000, isReplaced);
  const hostReplacedSeconds = (performance.now() - began) / 1_000;
  await until(run.signal, 30_000, async () => isServing(await hostsAt(world), world.hosts));
  return {
    told: `the group made another, which serves ${second(hostReplacedSeconds)} after the loss`,
    deployed: null,
    figures: { hostReplacedSeconds },
  };
}

const confirmed: Expected = 'confirmed';
const rejected: Expected = 'rejected';

/** The commit that the hosts serve: broken changes start from it, whatever was tried before. */
function lastGood(steps: readonly StepRecord[]): string {
  const served = steps.findLast(({ step, deployment }) => deployment !== null && step !== 'never-healthy');
  return served?.deployment?.commit ?? 'HEAD';
}

/** One commit, pushed and deployed. */
function pushed(world: World, expected: Expected, message: string, edit: () => Promise<void>): Promise<Deployed> {
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

/** The crash writes its moment to the app's log; the host's report says since when the old release serves again. */
async function backAfterCrash(world: World): Promise<number | null> {
  const statuses = await hostsAt(world);
  const seconds: number[] = [];
  for (const { name, instance } of world.machines.hosts()) {
    const crashedAt = await crashTime(join(world.run.directory.path, 'h', name, 'state', 'logs'));
    const back = statuses.find((one) => one.instance === instance)?.status.serving?.since;
    if (crashedAt !== null && back !== undefined) seconds.push((Date.parse(back) - crashedAt) / 1_000);
  }
  const known = seconds.filter((value) => value >= 0);
  return known.length === 0 ? null : Math.max(...known);
}

async function crashTime(logs: string): Promise<number | null> {
  for (const slot of ['blue', 'green']) {
    const text = await readFile(join(logs, `${slot}.log`), 'utf8').catch(() => '');
    const [, at] = /rehearsal: crash at (\d+)/.exec(text) ?? [];
    if (at !== undefined) return Number(at);
  }
  return null;
}

function add(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

const second = (value: number | null): string => (value === null ? 'an unknown time' : `${value.toFixed(1)} s`);
const kilobytes = (bytes: number): string => `${(bytes / 1_000).toFixed(0)} kB`;
