/** Control groups of a machine, one in each hierarchy, so that two machines' units of the same name do not meet. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = '/sys/fs/cgroup';
/** A new group of it has no processors, so that nothing can enter it; and no unit of ours uses it. */
const unusable = 'cpuset';

/** Version 1 has a hierarchy per controller, version 2 one for all. */
export function hierarchies(): readonly string[] {
  if (existsSync(join(root, 'cgroup.controllers'))) return [root];
  return readdirSync(root)
    .filter((name) => name !== unusable && existsSync(join(root, name, 'cgroup.procs')))
    .map((name) => join(root, name));
}

/** Below the run's own group, which test/vm/run removes if the lab cannot. Returns one folder per hierarchy. */
export async function makeGroups(run: string, machine: string): Promise<readonly string[]> {
  const groups = hierarchies().map((hierarchy) => join(hierarchy, run, machine));
  for (const group of groups) {
    await mkdir(group, { recursive: true });
    await delegate(join(group, '..'));
  }
  return groups;
}

/** Version 2 only: children have the controllers that their parent gives on. */
async function delegate(group: string): Promise<void> {
  const file = join(group, 'cgroup.subtree_control');
  if (!existsSync(file) || !existsSync(join(root, 'cgroup.controllers'))) return;
  await writeFile(file, '+memory +pids +cpu');
}

export async function removeGroups(groups: readonly string[]): Promise<void> {
  for (const group of groups) await removeTree(group);
}

async function removeTree(group: string): Promise<void> {
  const entries = await readdir(group, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(group, entry.name));
  // Busy while its last process is being reaped: then test/vm/janitor removes it.
  await rmdir(group).catch(() => undefined);
}
