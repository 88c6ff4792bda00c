import { MetricsReporter } from '../../lib/agent/metrics-reporter.ts';
import type { Log } from '../../lib/agent/ports.ts';
import { hostStatus } from '../support/documents.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeMetrics } from '../support/fake-metrics.ts';

const repair = { what: 'app restarted', at: '2026-11-23T12:00:01.000Z' };
let clock: FakeClock;
let metrics: FakeMetrics;
let lines: string[];
let reporter: MetricsReporter;
let stop: AbortController;
let running: Promise<void>;

beforeEach(() => {
  clock = new FakeClock();
  metrics = new FakeMetrics();
  lines = [];
  stop = new AbortController();
  const log: Log = { write: (_level, message) => void lines.push(message) };
  reporter = new MetricsReporter({ metrics, clock, log }, () => clock.monotonicMs());
  running = reporter.run(stop.signal);
});

afterEach(async () => {
  stop.abort();
  await running;
});

const names = () => metrics.calls.map((values) => values.map(({ name }) => name));

test('nothing is sent before anything is known', async () => {
  await clock.pass(300_000);
  expect(metrics.calls).toEqual([]);
});

test('one call a minute while nothing happens, however often the host is looked at', async () => {
  for (let look = 0; look < 170; look += 1) {
    reporter.offer(hostStatus());
    await clock.pass(1_000);
  }
  expect(names()).toEqual(
    Array.from({ length: 3 }, () => ['HostReports', 'DesiredStateAgeSeconds', 'Generation', 'Converged']),
  );
  expect(metrics.sumOf('DesiredStateAgeSeconds')).toBe(0 + 60 + 120);
});

test('what happens is sent at once, and counts no host twice', async () => {
  reporter.offer(hostStatus());
  await clock.pass(10_000);
  reporter.offer(hostStatus({ healed: [repair] }));
  await clock.pass(1_000);
  expect(names().slice(1)).toEqual([['Repairs']]);
  await clock.pass(60_000);
  expect(metrics.sumOf('HostReports')).toBe(2);
  expect(metrics.sumOf('Repairs')).toBe(1);
});

test('a failure is logged once; events wait, minutes that were missed are not made up', async () => {
  reporter.offer(hostStatus());
  await clock.pass(1_000);
  metrics.fault = new Error('no way to CloudWatch');
  reporter.offer(hostStatus({ healed: [repair] }));
  await clock.pass(300_000);
  expect(lines).toEqual(['metrics cannot be sent']);
  metrics.fault = null;
  await clock.pass(60_000);
  expect(metrics.sumOf('Repairs')).toBe(1);
  expect(metrics.sumOf('HostReports')).toBe(2);
});
