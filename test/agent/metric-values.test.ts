import { eventValues, steadyValues } from '../../lib/agent/metric-values.ts';
import { sha256 } from '../../lib/contract/canonical-json.ts';
import type { HostStatus } from '../../lib/contract/host-status.ts';
import { hostStatus } from '../support/documents.ts';

const at = (second: number) => `2026-11-23T12:00:${String(second).padStart(2, '0')}.000Z`;
const rejection = (second: number): HostStatus['rejected'][number] => ({
  revision: sha256(`${second}`),
  release: sha256('release'),
  generation: 2,
  reason: 'unhealthy',
  detail: 'it said 500',
  at: at(second),
});
const repair = (second: number) => ({ what: 'app restarted', at: at(second) });
const timings = (switchMs: number | null) => ({ stagedMs: null, startedMs: null, switchMs, bytesFetched: 0 });

test('each minute a host reports itself, the age of its desired state, its generation, and whether it converged', () => {
  expect(steadyValues(hostStatus({ generation: 7, outcome: 'held' }), 2_400)).toEqual([
    { name: 'HostReports', value: 1 },
    { name: 'DesiredStateAgeSeconds', value: 2 },
    { name: 'Generation', value: 7 },
    { name: 'Converged', value: 0 },
  ]);
});

describe('what happened between two looks', () => {
  it.each([
    ['nothing', {}, {}, []],
    [
      'a rejection beside an older one',
      { rejected: [rejection(1)] },
      { rejected: [rejection(1), rejection(2)] },
      [{ name: 'Rejections', value: 1 }],
    ],
    [
      'the same revision rejected once more',
      { rejected: [rejection(1)] },
      { rejected: [{ ...rejection(1), at: at(9) }] },
      [{ name: 'Rejections', value: 1 }],
    ],
    [
      'two repairs, the oldest of which pushed one out of the list',
      { healed: [repair(1), repair(2)] },
      { healed: [repair(2), repair(3), repair(4)] },
      [{ name: 'Repairs', value: 2 }],
    ],
    ['a switch', { timings: timings(null) }, { timings: timings(1.5) }, [{ name: 'SwitchSeconds', value: 0.0015 }]],
    ['a new attempt, which forgets the switch before it', { timings: timings(1.5) }, { timings: timings(null) }, []],
    [
      'an outcome that changed',
      { outcome: 'progressing' },
      { outcome: 'converged' },
      [{ name: 'Converged', value: 1 }],
    ],
  ] satisfies [string, Partial<HostStatus>, Partial<HostStatus>, unknown[]][])(
    'is %s',
    (_what, before, after, values) => {
      expect(eventValues(hostStatus(before), hostStatus(after))).toEqual(values);
    },
  );

  it('is unknown at the first look: what was rejected before the agent started is no news', () => {
    expect(eventValues(null, hostStatus({ rejected: [rejection(1)], timings: timings(1) }))).toEqual([]);
  });
});
