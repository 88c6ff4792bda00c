/** What the unit of a slot is given before it starts: links to its release, and its environment in memory. */
import { access, constants, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AgentSettings } from '../../contract/agent-settings.ts';
import type { Slot } from '../../contract/host-status.ts';
import type { Launch } from '../ports.ts';
import { createDurableFile } from './durable-file.ts';
import { argumentsVariable, environmentFile, unsuitedVariable } from './unit-environment.ts';

export interface SlotFilesProps {
  readonly runDirectory: string;
  readonly stateDirectory: string;
  readonly slots: AgentSettings['slots'];
}

export interface SlotFiles {
  /** Why this launch cannot become a unit; null: it can. */
  problemOf(slot: Slot, launch: Launch): Promise<string | null>;
  prepare(slot: Slot, launch: Launch): Promise<void>;
  /** The service has its environment now; nobody else needs it. */
  forgetEnvironment(slot: Slot): Promise<void>;
}

/** As slipway-app@.service has them. */
const runtimeDirectory = '/opt/slipway/runtime/package/bin';
const home = '/var/lib/slipway-app';

export function createSlotFiles({ runDirectory, stateDirectory, slots }: SlotFilesProps): SlotFiles {
  const environment = (slot: Slot) => join(runDirectory, 'slots', `${slot}.env`);
  const variables = (slot: Slot, launch: Launch): Readonly<Record<string, string>> => ({
    PATH: `${runtimeDirectory}:/usr/local/bin:/usr/bin:/bin`,
    HOME: home,
    TMPDIR: '/tmp',
    LANG: 'C.UTF-8',
    ...launch.environment,
    PORT: String(slots[slot]),
    HOST: slots.address,
    SLIPWAY_SLOT: slot,
    SLIPWAY_ARGUMENTS: argumentsVariable(launch.manifest.start.slice(1)),
  });
  return {
    problemOf: async (slot, launch) => unsuitedVariable(variables(slot, launch)) ?? (await missing(launch)),

    async prepare(slot, launch) {
      const folder = join(stateDirectory, 'slots', slot);
      await mkdir(folder, { recursive: true, mode: 0o755 });
      await link(launch.appDirectory, join(folder, 'app'));
      await link(dirname(launch.nodeBinary), join(folder, 'runtime'));
      await createDurableFile(environment(slot), 0o600).write(environmentFile(variables(slot, launch)));
    },

    forgetEnvironment: (slot) => rm(environment(slot), { force: true }),
  };
}

async function missing({ nodeBinary, appDirectory }: Launch): Promise<string | null> {
  for (const [path, mode] of [[nodeBinary, constants.X_OK] as const, [appDirectory, constants.R_OK] as const]) {
    const failure = await access(path, mode).then(
      () => null,
      () => `start ${nodeBinary} in ${appDirectory}: ${path} is not there, or may not be used`,
    );
    if (failure !== null) return failure;
  }
  return null;
}

async function link(target: string, path: string): Promise<void> {
  await rm(`${path}.new`, { force: true });
  await symlink(target, `${path}.new`);
  await rename(`${path}.new`, path);
}
