import { verdictOf } from '../../lib/cli/verdict.ts';
import { coloured, plain, type Paint } from '../../lib/cli/render/paint.ts';
import { renderStatus } from '../../lib/cli/render/status.ts';
import type { EnvironmentStatus } from '../../lib/delivery/status.ts';
import { infrastructureRecord } from '../support/documents.ts';
import { at, desired, environmentStatus, hostView, nowMs, revision } from './builders.ts';

const expected = { name: 'dev', minHosts: 2, nowMs };
const environment = {
  name: 'dev',
  region: 'eu-central-1',
  delivery: { mode: 'pull', rollout: desired.rollout, bakeSeconds: 0 },
} as const;

function draw(status: EnvironmentStatus, paint: Paint = plain): string {
  return renderStatus({ service: 'hello', environment, status, verdict: verdictOf(status, expected), nowMs }, paint);
}

function written(secondsAgo: number, value = desired): EnvironmentStatus['desired'] {
  return { value, etag: '"1"', writtenAt: new Date(at(secondsAgo)), by: 'Ada Lovelace' };
}

const first = hostView('i-0a1b2c3d4e5f60718');
const rejecting = hostView('i-0f1e2d3c4b5a69788', 'rejected', {
  detail:
    'unhealthy: GET /health answered 500 for 60 s\nlast lines of the log:\nError: connect ECONNREFUSED 10.0.0.1:5432 while opening the pool of the orders database\n    at TCPConnectWrap.afterConnect',
});

test('when all is well it says so, and what serves where', () => {
  expect(draw(environmentStatus())).toMatchInlineSnapshot(`
   "hello in dev                                                 eu-central-1 · pull

     generation 12   commit c0ffeec0ffee   release 9f8e7d6c5b4a
     written 3 min ago by Ada Lovelace, confirmed after 12 s

       HOST                  RELEASE       SLOT   SINCE        OUTCOME
     ✓ i-0a1b2c3d4e5f60718   9f8e7d6c5b4a  blue   3 min ago    converged
     ✓ i-0f1e2d3c4b5a69788   9f8e7d6c5b4a  blue   3 min ago    converged

   ✓ All is well: 2 hosts serve release 9f8e7d6c5b4a.
   "
  `);
});

test('a rejection is told with its reason, what serves instead, and what to do', () => {
  expect(draw(environmentStatus({ record: null, hosts: [first, rejecting] }))).toMatchInlineSnapshot(`
   "hello in dev                                                 eu-central-1 · pull

     generation 12   commit c0ffeec0ffee   release 9f8e7d6c5b4a
     written 3 min ago by Ada Lovelace

       HOST                  RELEASE       SLOT   SINCE        OUTCOME
     ✓ i-0a1b2c3d4e5f60718   9f8e7d6c5b4a  blue   3 min ago    converged
     ✗ i-0f1e2d3c4b5a69788   0123456789ab  blue   3 min ago    rejected
         unhealthy: GET /health answered 500 for 60 s
         last lines of the log:
         Error: connect ECONNREFUSED 10.0.0.1:5432 while opening the pool of the
         orders database
         at TCPConnectWrap.afterConnect

   ✗ 1 of 2 hosts rejected release 9f8e7d6c5b4a; still serving there: 0123456789ab.
     → mend it by a commit, or go back: slipway rollback -e dev --reason TEXT
   "
  `);
});

test('before the first deployment it says how to make one', () => {
  expect(draw(environmentStatus({ desired: null, record: null, hosts: [] }))).toMatchInlineSnapshot(`
   "hello in dev                                                 eu-central-1 · pull

   ? Nothing was deployed to dev yet.
     → slipway deploy --environment dev
   "
  `);
});

test('no line is wider than 80 columns, no control character of a host reaches the terminal', () => {
  const nasty = hostView('i-'.padEnd(100, '9'), 'held', { detail: `\u001b[2Jgone\u0007 ${'word '.repeat(200)}` });
  const text = draw(environmentStatus({ hosts: [nasty, rejecting] }));
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  // oxlint-disable-next-line no-control-regex -- the very characters that must not pass
  expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
});

test('colour adds nothing but colour', () => {
  const status = environmentStatus({ hosts: [first, rejecting] });
  const text = draw(status, coloured);
  expect(text).not.toBe(draw(status));
  // oxlint-disable-next-line no-control-regex -- takes colour away
  expect(text.replaceAll(/\u001b\[\d+m/g, '')).toBe(draw(status));
});

test('a machine that was replaced long ago is counted, not listed, and spoils no verdict', () => {
  const gone = hostView('i-gone', 'unreachable', { ageSeconds: 4_000 });
  const text = draw(environmentStatus({ hosts: [...environmentStatus().hosts, gone] }));
  expect(text).not.toContain('i-gone');
  expect(text).toContain('and 1 silent for over an hour');
  expect(text).toContain('✓ All is well: 2 hosts serve release 9f8e7d6c5b4a.');
});

describe('the verdict', () => {
  const second = 'i-0f1e2d3c4b5a69788';
  const frozen = { ...desired, freeze: { reason: 'fair week', until: '2026-11-30T00:00:00Z' } };
  const deploying = infrastructureRecord({ state: 'deploying' });

  test.each<[string, Partial<EnvironmentStatus>, string, string]>([
    ['well', {}, 'well', 'All is well: 2 hosts serve release 9f8e7d6c5b4a.'],
    ['nothing deployed', { desired: null }, 'empty', 'Nothing was deployed to dev yet.'],
    [
      'a rejection outweighs a silent host',
      { hosts: [rejecting, hostView(second, 'unreachable')] },
      'unwell',
      '1 of 2 hosts rejected release 9f8e7d6c5b4a; still serving there: 0123456789ab.',
    ],
    [
      'a silent host',
      { hosts: [first, hostView(second, 'unreachable', { ageSeconds: 400 })] },
      'unwell',
      '1 of 2 hosts not heard of, for up to 6 min 40 s.',
    ],
    [
      'a host missing just after the deploy',
      { desired: written(10), hosts: [first] },
      'in-progress',
      '1 host reports; dev asks for at least 2.',
    ],
    [
      'a host missing long after it',
      { desired: written(400), hosts: [first] },
      'unwell',
      '1 host reports; dev asks for at least 2.',
    ],
    [
      'a host that has not read it yet',
      { desired: written(10), hosts: [first, hostView(second, 'stale')] },
      'in-progress',
      '1 of 2 hosts confirmed generation 12, the others are on the way.',
    ],
    [
      'a host that never reads it',
      { desired: written(400), hosts: [first, hostView(second, 'stale')] },
      'unwell',
      '1 of 2 hosts did not take up generation 12 in 6 min 40 s.',
    ],
    [
      'on the way',
      { hosts: [first, hostView(second, 'progressing')] },
      'in-progress',
      '1 of 2 hosts confirmed generation 12, the others are on the way.',
    ],
    [
      'frozen',
      { desired: written(400, frozen), hosts: [hostView('i-1', 'held'), hostView(second, 'held')] },
      'held',
      'Frozen until 2026-11-30T00:00:00Z: fair week',
    ],
    [
      'waiting for its wave',
      { hosts: [first, hostView(second, 'held')] },
      'held',
      '1 of 2 hosts waiting for others to confirm.',
    ],
    [
      'machines that CloudFormation replaces, though one of them rejects and others wait',
      {
        infrastructure: infrastructureRecord({ state: 'deploying', revision }),
        hosts: [first, rejecting, hostView(second, 'held')],
      },
      'in-progress',
      'CloudFormation replaces the machines: 1 of 3 hosts confirmed release 9f8e7d6c5b4a.',
    ],
    [
      'machines of before after CloudFormation went back',
      {
        infrastructure: infrastructureRecord({ state: 'rolled-back', revision }),
        hosts: [hostView(second, 'held'), hostView('i-new', 'unreachable')],
      },
      'unwell',
      'Release 9f8e7d6c5b4a was rejected, and CloudFormation went back: the machines of before serve 0123456789ab.',
    ],
    [
      'nothing at all after CloudFormation went back',
      { infrastructure: infrastructureRecord({ state: 'rolled-back', revision }), hosts: [] },
      'unwell',
      'Release 9f8e7d6c5b4a was rejected, and CloudFormation went back: no machine says that it serves.',
    ],
    [
      'another release after CloudFormation went back',
      { infrastructure: infrastructureRecord({ state: 'rolled-back', revision: 'a'.repeat(64) }) },
      'well',
      'All is well: 2 hosts serve release 9f8e7d6c5b4a.',
    ],
    [
      'stacks half deployed',
      { infrastructure: deploying },
      'in-progress',
      'The stacks are being deployed, or their last deploy did not end.',
    ],
  ])('%s', (_name, status, state, says) => {
    expect(verdictOf(environmentStatus(status), expected)).toMatchObject({ state, says });
  });
});
