import { sha256 } from '../../lib/contract/canonical-json.ts';
import { pinsOf } from '../../lib/contract/desired-state.ts';
import { type NextOptions, isConfirmed, nextDesiredState } from '../../lib/delivery/next-desired-state.ts';
import { viewHosts } from '../../lib/delivery/host-view.ts';
import { deploymentRecord, desiredState, hostStatus } from '../support/documents.ts';
import { environment } from './environment.ts';

const dev = environment();
const before = desiredState({ generation: 7, rollout: dev.delivery.rollout });
const options = (change: Partial<NextOptions> = {}): NextOptions => ({
  service: 'hello',
  environment: dev,
  commit: before.commit,
  tree: before.tree,
  release: before.release,
  config: before.config,
  retry: false,
  previous: before,
  isPreviousConfirmed: true,
  ...change,
});

test('the first generation is 1 and has no fallback', () => {
  const next = nextDesiredState(options({ previous: undefined, isPreviousConfirmed: false }));
  expect(next).toMatchObject({ generation: 1, fallback: null, environment: 'dev', service: 'hello' });
});

test('what the environment was told before is not written again, whatever commit says it', () => {
  expect(nextDesiredState(options())).toBeUndefined();
  expect(nextDesiredState(options({ commit: 'f'.repeat(40) }))).toBeUndefined();
});

test.each([
  ['the tree', { tree: 'f'.repeat(40) }],
  ['the release', { release: sha256('other') }],
  ['the config', { config: { ...before.config, sha256: sha256('other') } }],
  ['the freeze', { environment: environment({ freeze: { reason: 'sale', until: '2026-12-01T00:00:00Z' } }) }],
  [
    'the rollout',
    { environment: environment({ delivery: { ...dev.delivery, rollout: { ...dev.delivery.rollout, haltAfter: 3 } } }) },
  ],
  ['a secret', { environment: environment({ service: { ...dev.service, secrets: { TOKEN: 3 } } }) }],
  ['a wish to try again', { retry: true }],
])('%s alone makes a new generation', (_what, change) => {
  expect(nextDesiredState(options(change))).toMatchObject({ generation: 8, retry: 'retry' in change });
});

test('the fallback is what was confirmed last', () => {
  const change = { tree: 'f'.repeat(40) };
  expect(nextDesiredState(options(change))?.fallback).toEqual(pinsOf(before));
  const fallback = pinsOf(desiredState({ release: sha256('older') }));
  const previous = { ...before, fallback };
  expect(nextDesiredState(options({ ...change, previous, isPreviousConfirmed: false }))?.fallback).toEqual(fallback);
});

test('secrets are pinned by name and version, sorted', () => {
  const secrets = { TOKEN: 3, API_KEY: 1 };
  const next = nextDesiredState(options({ environment: environment({ service: { ...dev.service, secrets } }) }));
  expect(next?.secrets).toEqual([
    { name: 'API_KEY', parameter: '/hello/dev/secret/API_KEY', version: 1 },
    { name: 'TOKEN', parameter: '/hello/dev/secret/TOKEN', version: 3 },
  ]);
});

const view = (outcome: 'converged' | 'progressing', seconds = 0) =>
  viewHosts({
    statuses: [{ status: hostStatus({ outcome }), writtenAt: new Date(0) }],
    desired: { generation: 1 },
    now: seconds * 1_000,
  });

test('the record says whether a generation was confirmed; without one the hosts do', () => {
  expect(isConfirmed(deploymentRecord({ outcome: 'rejected' }), view('converged'))).toBe(false);
  expect(isConfirmed(deploymentRecord(), [])).toBe(true);
  expect(isConfirmed(undefined, view('converged'))).toBe(true);
  expect(isConfirmed(undefined, view('progressing'))).toBe(false);
  expect(isConfirmed(undefined, view('converged', 300))).toBe(false);
  expect(isConfirmed(undefined, [])).toBe(false);
});
