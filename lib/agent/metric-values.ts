/** Which values the metrics get, from what a host says of itself. Pure. */
import type { HostStatus } from '../contract/host-status.ts';
import { metricNames } from '../contract/metric-names.ts';
import type { MetricValue } from './ports.ts';

/** Once a minute. `ageMs`: since the desired state was last read. */
export function steadyValues(status: HostStatus, ageMs: number): readonly MetricValue[] {
  return [
    { name: metricNames.hostReports, value: 1 },
    { name: metricNames.desiredStateAge, value: Math.round(ageMs / 1_000) },
    { name: metricNames.generation, value: status.generation },
    convergedValue(status),
  ];
}

/** What happened between two looks; nothing is known of what was before the first. */
export function eventValues(before: HostStatus | null, after: HostStatus): readonly MetricValue[] {
  if (before === null) return [];
  const counted = [
    { name: metricNames.rejections, value: newIn(before.rejected, after.rejected) },
    { name: metricNames.repairs, value: newIn(before.healed, after.healed) },
  ];
  return [
    ...counted.filter(({ value }) => value > 0),
    ...switchValues(before, after),
    ...(before.outcome === after.outcome ? [] : [convergedValue(after)]),
  ];
}

function convergedValue({ outcome }: HostStatus): MetricValue {
  return { name: metricNames.converged, value: outcome === 'converged' ? 1 : 0 };
}

function newIn(before: readonly unknown[], after: readonly unknown[]): number {
  const known = new Set(before.map((one) => JSON.stringify(one)));
  return after.filter((one) => !known.has(JSON.stringify(one))).length;
}

/** The first switch of an attempt: the time of one before is forgotten when an attempt begins. */
function switchValues(before: HostStatus, after: HostStatus): readonly MetricValue[] {
  const { switchMs } = after.timings;
  const isNew = switchMs !== null && switchMs !== before.timings.switchMs;
  return isNew ? [{ name: metricNames.switchSeconds, value: switchMs / 1_000 }] : [];
}
