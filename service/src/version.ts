/** Which release answers, from where, and since when. */
import { json, type Reply } from './reply.ts';
import type { Settings } from './settings.ts';

export function version({ release, environment, host, slot, commit }: Settings): Reply {
  const uptimeSeconds = Math.round(process.uptime());
  return json(200, { release, environment, host, slot, commit, node: process.versions.node, uptimeSeconds });
}
