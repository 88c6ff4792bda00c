/** Metrics in memory. */
import type { MetricName } from '../../lib/contract/metric-names.ts';
import type { Metrics, MetricValue } from '../../lib/agent/ports.ts';

export class FakeMetrics implements Metrics {
  readonly calls: (readonly MetricValue[])[] = [];
  /** What `put` fails with instead. */
  fault: Error | null = null;

  async put(values: readonly MetricValue[]): Promise<void> {
    if (values.length === 0) return;
    if (this.fault !== null) throw this.fault;
    this.calls.push(values);
  }

  /** Null: nothing was put. */
  sumOf(name: MetricName): number | null {
    const found = this.calls.flat().filter((one) => one.name === name);
    return found.length === 0 ? null : found.reduce((sum, { value }) => sum + value, 0);
  }
}
