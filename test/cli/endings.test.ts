import { renderBuild, renderPublished } from '../../lib/cli/render/build.ts';
import { renderDeployment, renderEnding } from '../../lib/cli/render/deployment.ts';
import { renderDoctor } from '../../lib/cli/render/doctor.ts';
import { plain } from '../../lib/cli/render/paint.ts';
import { renderRollback } from '../../lib/cli/render/rollback.ts';
import { deploymentOutcomes } from '../../lib/contract/deployment-record.ts';
import { build, deployment, environmentStatus, hostView, nowMs, published, record } from './builders.ts';

const draw = (change: Parameters<typeof deployment>[0] = {}, mode: 'pull' | 'push' = 'pull'): string =>
  renderDeployment({ environment: 'dev', mode, deployment: deployment(change), prepareSeconds: 4, nowMs }, plain);

test('a confirmed deployment names what serves, and what it took', () => {
  expect(draw()).toMatchInlineSnapshot(`
   "    HOST                  RELEASE       SLOT   SINCE        OUTCOME
     ✓ i-0a1b2c3d4e5f60718   9f8e7d6c5b4a  blue   3 min ago    converged
     ✓ i-0f1e2d3c4b5a69788   9f8e7d6c5b4a  blue   3 min ago    converged

   ✓ dev serves release 9f8e7d6c5b4a of commit c0ffeec0ffee: confirmed by 2 hosts
     (generation 12).
     stacks unchanged · 35 kB sent · hosts after 7.4 s · 12 s in all
   "
  `);
});

test('a rejected one never looks like a success', () => {
  const hosts = [hostView('i-1', 'rejected', { detail: 'unhealthy: GET /health answered 500' })];
  const counts = { ...record.hosts, converged: 0, rejected: 1 };
  const text = draw({ record: { ...record, outcome: 'rejected', hosts: counts }, hosts });
  expect(text).not.toContain('✓');
  expect(text).toMatchInlineSnapshot(`
   "    HOST                  RELEASE       SLOT   SINCE        OUTCOME
     ✗ i-1                   0123456789ab  blue   3 min ago    rejected
         unhealthy: GET /health answered 500

   ✗ Rejected: 1 host refused release 9f8e7d6c5b4a of commit c0ffeec0ffee and went
     back.
     → mend it by a commit
     → or go back: slipway rollback -e dev --reason TEXT
     → or try the same again: slipway deploy -e dev --retry
     stacks unchanged · 35 kB sent · hosts after 7.4 s · 12 s in all
   "
  `);
});

test('one that CloudFormation undid says that the machines of before serve, and why', () => {
  const held = { detail: 'pinned to release 0123456789ab: a deploy replaces this machine' };
  const hosts = [hostView('i-1', 'rejected', { detail: 'unhealthy: answered 503' }), hostView('i-2', 'held', held)];
  const counts = { ...record.hosts, converged: 0, rejected: 1, held: 1 };
  const detail =
    'CloudFormation went back: 1 machine of before still serves release 0123456789ab\ni-1 rejected: unhealthy: answered 503';
  const change = {
    record: { ...record, outcome: 'rejected' as const, hosts: counts, detail },
    hosts,
    stacks: 'rolled-back' as const,
  };
  expect(draw(change, 'push')).toMatchInlineSnapshot(`
   "    HOST                  RELEASE       SLOT   SINCE        OUTCOME
     ✗ i-1                   0123456789ab  blue   3 min ago    rejected
         unhealthy: answered 503
     ‖ i-2                   0123456789ab  blue   3 min ago    held
         pinned to release 0123456789ab: a deploy replaces this machine

   ✗ Rejected: 1 host refused release 9f8e7d6c5b4a of commit c0ffeec0ffee.
         CloudFormation went back: 1 machine of before still serves release
         0123456789ab
         i-1 rejected: unhealthy: answered 503
     → mend it by a commit
     → or go back: slipway rollback -e dev --reason TEXT
     → or try the same again: slipway deploy -e dev --retry
     stacks went back after 0.0 s · 35 kB sent · 12 s in all
   "
  `);
});

test('one that nobody waits for says how to follow it', () => {
  expect(draw({ kind: 'written', record: null, hosts: [] })).toMatchInlineSnapshot(`
   "✓ Written as generation 12; its hosts take it up within seconds.
     → how it ends: slipway wait -e dev
     stacks unchanged · 35 kB sent · 12 s in all
   "
  `);
});

test('nothing to do says so', () => {
  expect(draw({ kind: 'nothing-to-do', record: null, hosts: [] })).toMatch(/^✓ Nothing to do: generation 12 says this/);
});

test.each(deploymentOutcomes)('%s fits on 80 columns, and only a confirmed one has the good mark', (outcome) => {
  const { hosts } = environmentStatus({ hosts: [] });
  const ending = {
    environment: 'stage',
    mode: 'push' as const,
    record: { ...record, outcome, detail: 'x '.repeat(99) },
    hosts,
    nowMs,
  };
  const text = renderEnding(ending, plain);
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(text.startsWith('✓')).toBe(outcome === 'confirmed');
});

test('a release is named in full once: somebody will copy it', () => {
  expect(renderBuild(build, plain) + renderPublished(published, 'slipway-hello-dev-111122223333', plain))
    .toMatchInlineSnapshot(`
   "release  9f8e7d6c5b4a0000000000000000000000000000000000000000000000000000
     commit   c0ffeec0ffee
     app      a172cedcae47  3 B
     runtime  d92c6a81b2ff  7 B  Node.js 26.10.0 for linux-x64
     built in 3.2 s
   ✓ 2 sent (35 kB), 2 there before, in s3://slipway-hello-dev-111122223333
   "
  `);
});

test('a rollback shows its commit, and a dry run what it would be', () => {
  const result = {
    from: 'a'.repeat(40),
    to: 'b'.repeat(40),
    tree: 'c'.repeat(40),
    commit: 'd'.repeat(40),
    message: 'revert: dev back to bbbbbbbbbbbb\n\norders fail',
  };
  expect(renderRollback('dev', result, plain)).toMatchInlineSnapshot(`
   "✓ dev is at dddddddddddd: the tree of bbbbbbbbbbbb, after aaaaaaaaaaaa.

       revert: dev back to bbbbbbbbbbbb

       orders fail

     → if nothing deploys pushes: git checkout --detach dddddddddddddddddddddddddddddddddddddddd && npx slipway deploy -e dev
   "
  `);
  expect(renderRollback('dev', { ...result, commit: null }, plain)).toMatch(
    /^✓ Would put dev back from a{12} to the tree of b{12}/,
  );
});

test('doctor puts a remedy under each finding, and only what is required decides', () => {
  const checks = [
    { id: 'node', ok: true, required: true, found: 'Node.js 26.10.0', remedy: '' },
    { id: 'haproxy', ok: false, required: false, found: 'no haproxy on the PATH', remedy: 'apt-get install haproxy' },
  ];
  expect(renderDoctor(checks, plain)).toMatchInlineSnapshot(`
   "  ✓ node              Node.js 26.10.0
     ! haproxy           no haproxy on the PATH
         → apt-get install haproxy

   ✓ Fit to deploy: 0 to mend, 1 hint.
   "
  `);
  const missing = { id: 'cdk', ok: false, required: true, found: 'no aws-cdk', remedy: 'npm ci' };
  expect(renderDoctor([...checks, missing], plain)).toMatch(/✗ Not fit to deploy: 1 to mend, 1 hint\.\n$/);
});
