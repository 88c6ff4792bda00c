import { permit, rankHosts } from '../../lib/agent/rollout.ts';
import { type DesiredState, revisionOf } from '../../lib/contract/desired-state.ts';
import type { HostStatus } from '../../lib/contract/host-status.ts';
import { desiredState, hostStatus } from '../support/documents.ts';

const at = '2026-11-23T12:00:00.000Z';
const rollout = { canaries: 1, waves: [50, 100], soakSeconds: 5, haltAfter: 2, pollSeconds: 5 };
const desired = desiredState({ generation: 7, rollout });
const revision = revisionOf(desired);
const { release } = desired;
const ranked = rankHosts(['h1', 'h2', 'h3', 'h4', 'h5', 'h6'], release);

type Says = 'old' | 'confirmed' | 'rejected' | 'silent' | 'idle';

function member(host: string, says: Says, generation = 7) {
  const other = { revision: 'f'.repeat(64), release: 'e'.repeat(64) };
  const status: HostStatus = hostStatus({
    host,
    serving: says === 'idle' ? null : { ...other, slot: 'blue', since: at },
    confirmed: says === 'confirmed' ? { revision, release, at } : { ...other, at },
    rejected: says === 'rejected' ? [{ revision, release, generation, reason: 'unhealthy', detail: '', at }] : [],
  });
  return { status, ageMs: says === 'silent' ? 201_000 : 1_000 };
}

/** The hosts in the order of their rank, each saying something; asked is the one at `rank`. */
function ask(rank: number, says: readonly Says[], state: DesiredState = desired): string {
  const fleet = says.map((word, index) => member(ranked[index] ?? '', word));
  return permit(ranked[rank] ?? '', state, fleet).kind;
}

describe('permit', () => {
  const old: readonly Says[] = ['old', 'old', 'old', 'old', 'old', 'old'];

  test('lets the canary go at once, and nobody else', () => {
    expect(ranked.map((_, rank) => ask(rank, old))).toEqual(['go', 'wait', 'wait', 'wait', 'wait', 'wait']);
  });

  test('lets the first wave go when the canary has confirmed', () => {
    const says: readonly Says[] = ['confirmed', 'old', 'old', 'old', 'old', 'old'];
    expect(ranked.map((_, rank) => ask(rank, says))).toEqual(['go', 'go', 'go', 'wait', 'wait', 'wait']);
  });

  test('lets the last wave go when all before have confirmed', () => {
    const says: readonly Says[] = ['confirmed', 'confirmed', 'confirmed', 'old', 'old', 'old'];
    expect(ask(5, says)).toBe('go');
  });

  test('goes on past a rejection in a wave while there are fewer than haltAfter', () => {
    expect(ask(3, ['confirmed', 'confirmed', 'rejected', 'old', 'old', 'old'])).toBe('go');
  });

  test('does not go past a canary that rejected', () => {
    expect(ask(1, ['rejected', 'old', 'old', 'old', 'old', 'old'])).toBe('wait');
  });

  test('stops at haltAfter rejections anywhere', () => {
    expect(ask(5, ['confirmed', 'rejected', 'rejected', 'old', 'old', 'old'])).toBe('halted');
    expect(ask(0, ['old', 'rejected', 'rejected', 'old', 'old', 'old'])).toBe('halted');
  });

  test('waits for nobody who is silent or serves nothing', () => {
    expect(ask(1, ['silent', 'old', 'old', 'old', 'old', 'old'])).toBe('go');
    expect(ask(1, ['idle', 'old', 'old', 'old', 'old', 'old'])).toBe('go');
  });

  test('does not count rejections of an older generation when this one says retry', () => {
    const state = { ...desired, retry: true, rollout: { ...rollout, canaries: 0, waves: [100], haltAfter: 1 } };
    const host = ranked[0] ?? '';
    expect(permit(host, state, [member('other', 'rejected', 6)]).kind).toBe('go');
    expect(permit(host, state, [member('other', 'rejected', 7)]).kind).toBe('halted');
  });

  test('does not count what this host itself reported', () => {
    const state = { ...desired, rollout: { ...rollout, haltAfter: 1 } };
    expect(permit('h1', state, [member('h1', 'rejected')]).kind).toBe('go');
  });

  test('lets all go at once where neither canaries nor several waves are asked for', () => {
    const state = { ...desired, rollout: { ...rollout, canaries: 0, waves: [100] } };
    expect(ranked.map((_, rank) => ask(rank, old, state))).toEqual(['go', 'go', 'go', 'go', 'go', 'go']);
  });

  test('names at most three hosts that it waits for', () => {
    const fleet = ranked.map((host) => member(host, 'old'));
    const state = { ...desired, rollout: { ...rollout, canaries: 5 } };
    const answer = permit(ranked[5] ?? '', state, fleet);
    expect(answer).toMatchObject({
      kind: 'wait',
      detail: expect.stringMatching(/^waits until h\d, h\d, h\d and 2 more/),
    });
  });
});

test('another release ranks hosts in another order', () => {
  const hosts = Array.from({ length: 20 }, (_, index) => `h${index}`);
  expect(rankHosts(hosts, 'a')).not.toEqual(rankHosts(hosts, 'b'));
});
