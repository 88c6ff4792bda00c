/** Says whether the service can take traffic. Slipway asks before it sends any, and as long as it does. */
import { json, type Reply } from './reply.ts';

export type Phase = 'starting' | 'ready' | 'stopping';

export function health(phase: Phase): Reply {
  return json(phase === 'ready' ? 200 : 503, { status: phase });
}
