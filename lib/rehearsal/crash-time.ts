/** How soon hosts were back on the old release after the new one crashed: the crash says when in the app's log, the host since when it serves. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostsAt } from './deploy-change.ts';
import type { World } from './world.ts';

/** Seconds, of the slowest host; null: not known of any. */
export async function backAfterCrash(world: World): Promise<number | null> {
  const reports = await hostsAt(world);
  const seconds: number[] = [];
  for (const { name, instance } of world.machines.hosts()) {
    const crashedAt = await crashTime(join(world.run.directory.path, 'h', name, 'state', 'logs'));
    const back = reports.find((report) => report.instance === instance)?.status.serving?.since;
    if (crashedAt !== null && back !== undefined) seconds.push((Date.parse(back) - crashedAt) / 1_000);
  }
  const known = seconds.filter((value) => value >= 0);
  return known.length === 0 ? null : Math.max(...known);
}

/** Milliseconds since 1970. */
async function crashTime(logs: string): Promise<number | null> {
  for (const slot of ['blue', 'green']) {
    const text = await readFile(join(logs, `${slot}.log`), 'utf8').catch(() => '');
    const [, at] = /rehearsal: crash at (\d+)/.exec(text) ?? [];
    if (at !== undefined) return Number(at);
  }
  return null;
}
