/** What all metrics promise. */
import type { Metrics } from '../../../lib/agent/ports.ts';
import { type MetricName, metricNames } from '../../../lib/contract/metric-names.ts';

const signal = () => AbortSignal.timeout(10_000);

export interface MetricsSubject {
  readonly metrics: Metrics;
  /** Of all values that were put under that name for this service and environment; null: none. */
  readonly sumOf: (name: MetricName) => Promise<number | null>;
}

export function metricsContract(name: string, makeSubject: () => Promise<MetricsSubject>): void {
  describe(`metrics of ${name}`, () => {
    it('add up what is put, each name apart', async () => {
      const { metrics, sumOf } = await makeSubject();
      const { hostReports, switchSeconds, repairs } = metricNames;
      await metrics.put(
        [
          { name: hostReports, value: 1 },
          { name: switchSeconds, value: 0.25 },
        ],
        signal(),
      );
      await metrics.put([{ name: hostReports, value: 1 }], signal());
      expect(await sumOf(hostReports)).toBe(2);
      expect(await sumOf(switchSeconds)).toBe(0.25);
      expect(await sumOf(repairs)).toBeNull();
    });

    it('take an empty list for nothing', async () => {
      const { metrics, sumOf } = await makeSubject();
      await metrics.put([], signal());
      expect(await sumOf(metricNames.hostReports)).toBeNull();
    });
  });
}
