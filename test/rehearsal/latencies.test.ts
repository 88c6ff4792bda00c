import { createLatencies } from '../../lib/rehearsal/latencies.ts';

test('the percentile is that of all that was added', () => {
  const latencies = createLatencies();
  for (let ms = 1; ms <= 100; ms += 1) latencies.add(ms);
  expect([latencies.percentile(50), latencies.percentile(99), latencies.percentile(100)]).toEqual([50, 99, 100]);
});

test('nothing added: 0; more than half a minute counts as half a minute', () => {
  const latencies = createLatencies();
  expect(latencies.percentile(99)).toBe(0);
  latencies.add(1e9);
  expect(latencies.percentile(99)).toBe(30_000);
});
