/** Runs one host for each machine that the emulated Auto Scaling group has in service, and tells the load balancer who is registered. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cloud, Group } from './cloud.ts';
import type { HealthCheck, LoadBalancer, Target } from './load-balancer.ts';
import type { Run } from './run.ts';
import { readUserData } from './user-data.ts';

const lookEveryMs = 500;

/** What an instance runs as. */
export interface Host {
  readonly instance: string;
  /** `a`, `b`, ...: what people call it. */
  readonly name: string;
  readonly target: Target;
  /** Nothing of it is left. */
  destroy(): Promise<void>;
}

export interface NewHost {
  readonly instance: string;
  readonly name: string;
  /** As the launch template has it. */
  readonly userData: string;
}

/** Resolves when its first boot has begun. */
export type StartHost = (host: NewHost) => Promise<Host>;

export interface Machines {
  hosts(): readonly Host[];
  /** Resolves when looking has ended, after the run's signal. */
  readonly ended: Promise<void>;
}

export interface MachinesOptions {
  readonly cloud: Cloud;
  readonly loadBalancer: LoadBalancer;
  readonly startHost: StartHost;
  /** Which group: the one whose machines say that they belong to it. */
  readonly service: string;
  readonly environment: string;
  /** The group is brought to that many; one host shows no rollout. */
  readonly size: number;
  readonly drainTimeoutMs: number;
}

/** Looks until the run ends. What goes wrong with one look is told, and the next look tries again. */
export function runMachines(run: Run, options: MachinesOptions): Machines {
  const hosts = new Map<string, Host>();
  const leaving = new Set<Promise<void>>();
  const state: State = { hosts, leaving, started: 0, check: null };
  const ended = (async () => {
    while (!run.signal.aborted) {
      try {
        await look(run, options, state);
      } catch (error) {
        if (run.signal.aborted) break;
        run.story.say(`looking after the machines: ${error instanceof Error ? error.message : String(error)}`);
      }
      await sleep(lookEveryMs, undefined, { signal: run.signal }).catch(() => undefined);
    }
    await Promise.allSettled(leaving);
  })();
  return { hosts: () => [...hosts.values()], ended };
}

interface State {
  readonly hosts: Map<string, Host>;
  readonly leaving: Set<Promise<void>>;
  started: number;
  check: HealthCheck | null;
}

async function look(run: Run, options: MachinesOptions, state: State): Promise<void> {
  const { cloud, size } = options;
  for (const group of await cloud.groups()) {
    const [targetGroup] = group.targetGroups;
    if (targetGroup === undefined) continue;
    if (!(await isOurs(group, options))) continue;
    if (group.desired < size) {
      await cloud.resize(group.name, size);
      continue;
    }
    endLeavers(run, group, options, state);
    state.check ??= await cloud.healthCheck(targetGroup);
    const registered = new Set(await cloud.targets(targetGroup));
    const targets = [...state.hosts.values()].filter(({ instance }) => registered.has(instance));
    options.loadBalancer.register(
      targets.map(({ target }) => target),
      state.check,
    );
    // Last: who leaves is drained, and who is healthy serves, however long the first boot of another takes.
    await startMissing(run, group, options, state);
  }
}

async function isOurs(group: Group, { cloud, service, environment }: MachinesOptions): Promise<boolean> {
  const { settings } = readUserData(await cloud.userData(group.launchTemplate), group.name);
  return settings.service === service && settings.environment === environment;
}

async function startMissing(run: Run, group: Group, options: MachinesOptions, state: State): Promise<void> {
  const missing = group.instances.filter((instance) => !state.hosts.has(instance));
  if (missing.length === 0) return;
  const userData = await options.cloud.userData(group.launchTemplate);
  await Promise.all(
    missing.map(async (instance) => {
      const name = nameOf(state.started);
      state.started += 1;
      state.hosts.set(instance, await options.startHost({ instance, name, userData }));
      run.story.say(`host ${name} (${instance}) is up: its agent starts`);
    }),
  );
}

function endLeavers(run: Run, group: Group, { loadBalancer, drainTimeoutMs }: MachinesOptions, state: State): void {
  for (const host of state.hosts.values()) {
    if (group.instances.includes(host.instance)) continue;
    state.hosts.delete(host.instance);
    const left = (async () => {
      await loadBalancer.drain(host.instance, drainTimeoutMs);
      await host.destroy();
      run.story.say(`host ${host.name} (${host.instance}) is gone`);
    })();
    state.leaving.add(left);
    void left.catch(() => undefined).finally(() => state.leaving.delete(left));
  }
}

/** a, b, ... z, a1, b1, ... */
function nameOf(index: number): string {
  const letter = String.fromCodePoint(97 + (index % 26));
  return index < 26 ? letter : `${letter}${Math.floor(index / 26)}`;
}
