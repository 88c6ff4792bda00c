/** Tells and records that CloudFormation went back: what the new machines said, or why there were none, and what serves. */
import type { DesiredState } from '../contract/desired-state.ts';
import { shortDigest } from '../contract/names.ts';
import type { Deployment, Scene, Told } from './deployment.ts';
import { recordEnd } from './deployment-end.ts';
import { type HostView, summarizeHosts, viewHosts } from './host-view.ts';
import type { StatusEntry } from './store.ts';

/** Throws `DeliveryError`. */
export async function recordRollback(
  { options, store, clock }: Scene,
  told: Told,
  reason: string,
): Promise<Pick<Deployment, 'record' | 'hosts'>> {
  const { signal, wait, progress } = options;
  const { desired } = told;
  const [statuses, instances] = await Promise.all([store.statuses(signal), wait?.instances?.(signal)]);
  const refused = refusalsOf(statuses, desired, clock.now());
  const views = viewHosts({ statuses, desired, now: clock.now(), instances });
  const others = views.filter(({ host }) => !refused.some((one) => one.host === host));
  const why = refused.length > 0 ? summarizeHosts(refused, desired) : reason.trim();
  const detail = `CloudFormation went back: ${whatServes(others)}\n${why}`;
  const hosts = [...refused, ...others];
  const record = await recordEnd({ outcome: 'rejected', detail, hosts }, { ...told, clock, progress, store, signal });
  return { record, hosts };
}

/** The last words on this generation, also of machines that CloudFormation has taken away again. */
function refusalsOf(statuses: readonly StatusEntry[], { generation }: DesiredState, now: number): readonly HostView[] {
  return statuses
    .filter(({ status }) => status.generation === generation && status.outcome === 'rejected')
    .map(({ status, writtenAt }) => {
      const ageSeconds = Math.max(0, (now - writtenAt.getTime()) / 1_000);
      return { host: status.host, outcome: status.outcome, detail: status.detail, status, ageSeconds };
    });
}

function whatServes(hosts: readonly HostView[]): string {
  const serving = hosts.filter(({ outcome, status }) => outcome !== 'unreachable' && status.serving !== null);
  if (serving.length === 0) return 'no machine says that it serves';
  const releases = [...new Set(serving.flatMap(({ status }) => status.serving?.release ?? []))].map(shortDigest);
  const who =
    serving.length === 1 ? '1 machine of before still serves' : `${serving.length} machines of before still serve`;
  return `${who} release ${releases.join(', ')}`;
}
