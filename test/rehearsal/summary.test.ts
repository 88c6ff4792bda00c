import { emptyFigures, type RehearsalReport } from '../../lib/rehearsal/report.ts';
import { summaryOf } from '../../lib/rehearsal/summary.ts';

const report: RehearsalReport = {
  schema: 1,
  isGood: true,
  problems: [],
  service: 'hello',
  environment: 'dev',
  proxy: 'haproxy',
  hosts: 2,
  seconds: 76,
  figures: { ...emptyFigures, firstDeploySeconds: 14.268, switchMs: 0.4 },
  load: { requests: 20_956, failed: 0, failures: [], p50Ms: 2, p99Ms: 16.7 },
  steps: [
    { step: 'first-deploy', told: 'dev serves', seconds: 15, requests: 0, failed: 0, deployment: null, figures: {} },
  ],
};

test('the last lines are a table in seconds, of what was measured only', () => {
  const lines = summaryOf(report);
  expect(lines.slice(-5)).toEqual([
    'Measured on 2 hosts with HAProxy',
    '  first deploy                                  14.27 s   stacks, two machines, release confirmed',
    '  switch                                       0.0004 s   one command to the proxy',
    '  requests                                        20956   p50 2.0 ms, p99 16.7 ms',
    '  failed requests                                     0',
  ]);
});

test('failed requests are listed with when, what and why', () => {
  const failures = [{ at: 0, request: 'GET /', reason: 'ECONNRESET' }];
  const lines = summaryOf({ ...report, load: { ...report.load, failed: 1, failures } });
  expect(lines.at(-1)).toBe('  failed at 1970-01-01T00:00:00.000Z: GET /: ECONNRESET');
});

test('a tour that ended early ends with why, and shows no empty table', () => {
  const lines = summaryOf({ ...report, steps: [], problems: ['it is broken; mend it'] });
  expect(lines.at(-1)).toBe('it is broken; mend it');
  expect(lines.join('\n')).not.toContain('Measured');
});
