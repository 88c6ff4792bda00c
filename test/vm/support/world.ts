/** The whole path on machines: the real command line deploys the real stacks to the emulator, and each instance of the group boots from its launch template. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { service } from '../../../environments/index.ts';
import type { Environment } from '../../../lib/contract/environment.ts';
import { commitRollback } from '../../../lib/rehearsal/commit-rollback.ts';
import { deployChange, type Deployed, type Expected } from '../../../lib/rehearsal/deploy-change.ts';
import type { WorkingCopy } from '../../../lib/rehearsal/working-copy.ts';
import { createWorld, type World } from '../../../lib/rehearsal/world.ts';
import { labEnvironment } from './example-environment.ts';
import { type Lab, openLab } from './lab.ts';
import { repository } from './lab-run.ts';
import type { Machine } from './machine.ts';
import { until } from './until.ts';

export interface MachineWorld extends World {
  readonly lab: Lab;
  /** The machines that the group has now. */
  machinesNow(): readonly Machine[];
  /** Brings the head of `dev` into service for the first time. */
  deployFirst(): Promise<Deployed>;
  /** Commits what `edit` changes in the service's folder, pushes it, and waits until the hosts have decided. */
  deployService(expected: Expected, edit: (service: string) => Promise<void>): Promise<Deployed>;
  /** The same for a change of the environment's file. */
  deployEnvironment(expected: Expected, environment: Environment): Promise<Deployed>;
  /** Goes back to the tree of a commit by a new one. */
  rollBack(to: string): Promise<Deployed>;
  close(): Promise<void>;
}

export interface MachineWorldOptions {
  readonly environment: Environment;
  readonly hosts: number;
}

/** Short, so that a test sees the end of a drain. */
export const drainSeconds = 10;

/** `dev` on the machines of the lab. */
export const trafficEnvironment: Environment = {
  ...labEnvironment,
  hosts: {
    ...labEnvironment.hosts,
    min: 2,
    max: 4,
    image: { ...labEnvironment.hosts.image, architecture: labEnvironment.hosts.architecture },
  },
  health: { ...labEnvironment.health, drainSeconds },
  delivery: { ...labEnvironment.delivery, rollout: { ...labEnvironment.delivery.rollout, soakSeconds: 5 } },
};

export async function createMachineWorld({ environment, hosts }: MachineWorldOptions): Promise<MachineWorld> {
  const lab = await openLab({ region: environment.region, account: environment.account });
  const stop = new AbortController();
  const closers: (() => Promise<unknown>)[] = [];
  const run = {
    ...lab.run,
    signal: AbortSignal.any([lab.run.signal, stop.signal]),
    atEnd: (close: () => Promise<unknown>) => closers.push(close),
  };
  const close = async (): Promise<void> => {
    stop.abort(new Error('the world has ended'));
    await Promise.allSettled(closers.toReversed().map(async (end) => end()));
    await lab.close();
  };
  try {
    const world = await createWorld(run, {
      service,
      environment,
      serviceDirectory: join(repository, 'test', 'vm', 'service'),
      port: null,
      proxy: 'haproxy',
      hosts,
      site: {
        emulator: lab.emulator,
        prepare: async (copy) => prepare(copy, environment),
        async startHost({ instance, name, userData }) {
          const machine = await lab.boot({ name, instance, userData });
          const target = { id: instance, address: machine.address, port: environment.service.port };
          return { instance, name, target, destroy: async () => machine.destroy() };
        },
      },
    });
    return { ...world, ...deploymentsOf(world), lab, close, machinesNow: () => machinesOf(lab, world) };
  } catch (error) {
    await close();
    throw error;
  }
}

function machinesOf(lab: Lab, { machines }: World): readonly Machine[] {
  const instances = new Set(machines.hosts().map(({ instance }) => instance));
  return lab.machines.filter(({ instance }) => instances.has(instance));
}

type Deployments = Pick<MachineWorld, 'deployFirst' | 'deployService' | 'deployEnvironment' | 'rollBack'>;

function deploymentsOf(world: World): Deployments {
  const pushed = async (expected: Expected, message: string, edit: () => Promise<void>): Promise<Deployed> =>
    deployChange(world, expected, async () => {
      await edit();
      const commit = await world.copy.commit(message);
      await world.copy.push();
      return commit;
    });
  return {
    async deployFirst() {
      const commit = await world.copy.head();
      const deployed = await deployChange(world, 'confirmed', async () => {
        world.runner.take({ branch: 'dev', commit });
        return Promise.resolve(commit);
      });
      await until(
        'the load balancer to find all hosts healthy',
        () => world.loadBalancer.healthy().length === world.hosts,
      );
      return deployed;
    },
    deployService: async (expected, edit) => pushed(expected, 'feat: a change', async () => edit(world.copy.service)),
    deployEnvironment: async (expected, environment) =>
      pushed(expected, 'feat(dev): a change', async () => writeEnvironment(world.copy, environment)),
    rollBack: async (to) => deployChange(world, 'confirmed', async () => commitRollback(world, to)),
  };
}

async function prepare(copy: WorkingCopy, environment: Environment): Promise<void> {
  await writeEnvironment(copy, environment);
  await copy.commit('feat(dev): on the machines of the lab');
  await copy.push();
}

/** An environment is data: it is written as such. */
async function writeEnvironment({ path }: WorkingCopy, environment: Environment): Promise<void> {
  const folder = join(path, 'environments');
  const text = `import type { Environment } from '../lib/contract/environment.ts';\n\nexport const ${environment.name}: Environment = ${JSON.stringify(environment, null, 2)};\n`;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${environment.name}.ts`), text);
}
