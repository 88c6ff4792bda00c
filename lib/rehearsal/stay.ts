/** Keeps the world running for a person's own pushes, and tells what becomes of each. */
import { relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostsAt } from './deploy-change.ts';
import type { DeployResult } from './runner.ts';
import type { Tour } from './tour.ts';
import type { World } from './world.ts';

const lookEveryMs = 500;

/** Until Ctrl-C. */
export async function stay({ world, load }: Tour, isOwnService: boolean): Promise<void> {
  const { run, loadBalancer, runner } = world;
  let before = load?.figures();
  runner.onEnd((result) => {
    const after = load?.figures();
    run.story.say(endOfPush(result));
    if (before && after) {
      const [requests, failed] = [after.requests - before.requests, after.failed - before.failed];
      run.story.say(`${requests} requests since the last time, ${failed} failed`);
    }
    before = after;
  });
  for (const line of invitation(world, isOwnService)) run.story.plain(line);
  run.story.plain(`The service answers at ${loadBalancer.url}. Ctrl-C ends it all.`);
  await follow(world);
}

function endOfPush({ commit, exit, complaint }: DeployResult): string {
  const short = commit.slice(0, 7);
  if (exit.code === 0) return `commit ${short} is deployed: every host serves it`;
  return `commit ${short} is not deployed: ${complaint || 'the hosts refused it'}; what served before still serves`;
}

function invitation({ run, remote, copy }: World, isOwnService: boolean): readonly string[] {
  const here = (path: string): string => relative(run.repository, path);
  if (!isOwnService && !copy.isDirty) {
    return [
      '',
      'Change something, commit it, and deploy your commit to dev:',
      '',
      `  git push ${here(remote.path)} HEAD:dev`,
      '',
    ];
  }
  const why = isOwnService
    ? 'Your service is in a working copy'
    : 'Your uncommitted changes are a commit of a working copy';
  return [
    '',
    `${why}; change something in it, and deploy it to dev:`,
    '',
    `  cd ${here(copy.path)}`,
    '  git commit --all --message "my change" && git push origin HEAD:dev',
    '',
    ...(isOwnService
      ? []
      : ['Or deploy a commit of this repository over it:', '', `  git push ${here(remote.path)} +HEAD:dev`, '']),
  ];
}

/** Tells what hosts do by themselves: what a deployment makes them do is told by the deployment. */
async function follow(world: World): Promise<void> {
  const { run, machines, runner } = world;
  const told = new Map<string, string>();
  while (!run.signal.aborted) {
    const reports = await hostsAt(world).catch(() => []);
    for (const { instance, status } of reports) {
      const name = machines.hosts().find((host) => host.instance === instance)?.name ?? instance;
      const line = `host ${name}: ${describe(status)}`;
      if (!runner.isBusy() && told.has(instance) && told.get(instance) !== line) run.story.say(line);
      told.set(instance, line);
    }
    await sleep(lookEveryMs, undefined, { signal: run.signal }).catch(() => undefined);
  }
}

function describe({ phase, outcome, serving, detail }: Awaited<ReturnType<typeof hostsAt>>[number]['status']): string {
  const serves = serving ? `serves release ${serving.release.slice(0, 12)} in ${serving.slot}` : 'serves nothing yet';
  const [first = ''] = detail.split('\n');
  if (phase === 'idle')
    return `${outcome}, ${serves}${outcome === 'converged' || first === '' ? '' : ` (${first.slice(0, 200)})`}`;
  return `${phase}, ${serves}`;
}
