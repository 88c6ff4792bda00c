/** Sends the metrics of this host: steady ones once a minute, what happened at once. Its failures are logged once and change nothing. */
import type { HostStatus } from '../contract/host-status.ts';
import { eventValues, steadyValues } from './metric-values.ts';
import { within } from './pause.ts';
import type { Clock, Log, Metrics, MetricValue } from './ports.ts';
import { Wake } from './wake.ts';

const steadyIntervalMs = 60_000;
const putTimeoutMs = 10_000;
/** What cannot be sent for long is forgotten, the oldest first. */
const maxKept = 100;

interface MetricsReporterPorts {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
}

export class MetricsReporter {
  readonly #ports: MetricsReporterPorts;
  readonly #ageMs: () => number;
  readonly #wake = new Wake();
  #latest: HostStatus | null = null;
  #events: readonly MetricValue[] = [];
  #hasFailed = false;

  /** `ageMs`: how long ago the desired state was last read. */
  constructor(ports: MetricsReporterPorts, ageMs: () => number) {
    this.#ports = ports;
    this.#ageMs = ageMs;
  }

  offer(status: HostStatus): void {
    const events = eventValues(this.#latest, status);
    const isFirst = this.#latest === null;
    this.#latest = status;
    this.#events = [...this.#events, ...events].slice(-maxKept);
    if (isFirst || events.length > 0) this.#wake.ring();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    let steadyAtMs: number | null = null;
    while (!signal.aborted) {
      const nowMs = clock.monotonicMs();
      await this.#wake.wait(clock, Math.max(0, (steadyAtMs ?? nowMs + steadyIntervalMs) - nowMs), signal);
      if (signal.aborted || this.#latest === null) continue;
      const isSteadyDue = steadyAtMs === null || clock.monotonicMs() >= steadyAtMs;
      steadyAtMs ??= clock.monotonicMs();
      // Counted from when it was due: a late minute must not make all that follow late.
      while (steadyAtMs <= clock.monotonicMs()) steadyAtMs += steadyIntervalMs;
      await this.#send(isSteadyDue ? steadyValues(this.#latest, this.#ageMs()) : [], signal);
    }
  }

  /** Events wait for the next try; what is steady is then said anew. */
  async #send(steady: readonly MetricValue[], signal: AbortSignal): Promise<void> {
    const { metrics, clock, log } = this.#ports;
    const events = this.#events;
    const values = [...steady, ...events];
    if (values.length === 0) return;
    try {
      const done = await within(clock, { ms: putTimeoutMs, signal }, async (inner) => {
        await metrics.put(values, inner);
        return true;
      });
      if (done === null) throw new Error(`no answer within ${putTimeoutMs / 1_000} s`);
      this.#hasFailed = false;
      this.#events = this.#events.filter((one) => !events.includes(one));
    } catch (error) {
      if (signal.aborted) return;
      if (!this.#hasFailed) log.write('warn', 'metrics cannot be sent', { detail: String(error) });
      this.#hasFailed = true;
    }
  }
}
