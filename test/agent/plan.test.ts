import fc from 'fast-check';
import type { Actual, Intent } from '../../lib/agent/actual.ts';
import { decide } from '../../lib/agent/goal.ts';
import { plan } from '../../lib/agent/plan.ts';
import type { SlotObservation } from '../../lib/agent/ports.ts';
import type { Step } from '../../lib/agent/step.ts';
import type { Slot } from '../../lib/contract/host-status.ts';

const empty: SlotObservation = { kind: 'empty' };
const running = (revision: string): SlotObservation => ({ kind: 'running', revision, pid: 1 });
const exited = (revision: string): SlotObservation => ({ kind: 'exited', revision, detail: 'exited with code 1' });

const intent: Intent = {
  generation: 2,
  revision: 'new',
  fallback: null,
  retry: false,
  frozen: false,
  pinnedElsewhere: null,
};

/** A host that serves `old` from blue, and has seen generation 2. */
function host(change: Partial<Actual> = {}): Actual {
  return {
    generation: 2,
    confirmed: 'old',
    previous: null,
    rejected: [],
    attempt: null,
    slots: { blue: running('old'), green: empty },
    proxy: { running: true, active: 'blue', backup: null },
    runnable: ['old'],
    stalled: [],
    checked: ['blue'],
    permission: { kind: 'go' },
    surveyDue: false,
    mayRestart: true,
    garbage: false,
    ...change,
  };
}

const freshHost = host({
  confirmed: null,
  slots: { blue: empty, green: empty },
  proxy: { running: false, active: null, backup: null },
  runnable: [],
  checked: [],
  permission: null,
  surveyDue: true,
});

const attempt = { revision: 'new', slot: 'green', soaked: false, desiredState: 'unknown' } as const;

/** The new release serves in its soak, the old one is the backup. */
const soaking = host({
  attempt,
  slots: { blue: running('old'), green: running('new') },
  proxy: { running: true, active: 'green', backup: 'blue' },
  runnable: ['old', 'new'],
  checked: ['blue', 'green'],
});

/** A step in a few words: `start new green`. */
function words(step: Step): string {
  const { kind, ...rest } = step;
  const route =
    'active' in rest ? [rest.active ?? 'nothing', ...(rest.backup === null ? [] : [`(${rest.backup})`])] : [];
  const others = 'active' in rest ? [] : Object.values(rest).map(String);
  return [kind, ...route, ...others].join(' ');
}

const story = (wanted: Intent | null, actual: Actual): string => plan(wanted, actual).map(words).join(', ');

const bringUp = 'begin new null, stage new, start new green, check new green';
const takeOver = 'soak new green, read new green, confirm new';
const tidyUp = 'fix-backup green, stop-slot blue, collect-garbage';

const cases: readonly (readonly [string, Intent | null, Actual, string])[] = [
  ['does nothing where all is as desired', { ...intent, revision: 'old' }, host(), ''],
  [
    'deploys beside the old release, and stops it at the end',
    intent,
    host(),
    `${bringUp}, switch green (blue), ${takeOver}, ${tidyUp}`,
  ],
  ['accepts a newer generation first', { ...intent, generation: 3, revision: 'old' }, host(), 'accept 3'],
  [
    'brings up a new host: proxy, a look at the others, the release',
    intent,
    freshHost,
    'heal-proxy nothing, survey, begin new null, stage new, start new blue, check new blue, switch blue, ' +
      'soak new blue, read new blue, confirm new, collect-garbage',
  ],
  ['does nothing before a desired state was seen', null, host(), ''],
  ['does nothing for a generation that is lower', { ...intent, generation: 1 }, host(), ''],
  ['does nothing for a rejected release', intent, host({ rejected: ['new'] }), ''],
  [
    'tries a rejected release again when a new generation says so',
    { ...intent, generation: 3, retry: true },
    host({ rejected: ['new', 'other'] }),
    `accept 3, ${bringUp}, switch green (blue), ${takeOver}, ${tidyUp}`,
  ],
  ['does nothing while it is frozen', { ...intent, frozen: true }, host(), ''],
  [
    'goes back to the release before, although it is frozen and nobody was asked',
    { ...intent, frozen: true },
    host({ previous: 'new', permission: null, runnable: ['old', 'new'] }),
    `begin new null, start new green, check new green, switch green (blue), ${takeOver}, ${tidyUp}`,
  ],
  [
    'starts the fallback on a new host while it is frozen',
    { ...intent, frozen: true, fallback: 'good' },
    freshHost,
    'heal-proxy nothing, begin good null, stage good, start good blue, check good blue, switch blue, ' +
      'soak good blue, read good blue, confirm good, collect-garbage',
  ],
  [
    'starts the release on a new host while it is frozen, if there is no fallback',
    { ...intent, frozen: true },
    { ...freshHost, proxy: { running: true, active: null, backup: null } },
    'begin new null, stage new, start new blue, check new blue, switch blue, ' +
      'soak new blue, read new blue, confirm new, collect-garbage',
  ],
  ['asks the others before it goes', intent, host({ permission: null, surveyDue: true }), 'survey'],
  ['waits for others', intent, host({ permission: { kind: 'wait', detail: 'h1' } }), ''],
  [
    'asks again while it waits',
    intent,
    host({ permission: { kind: 'wait', detail: 'h1' }, surveyDue: true }),
    'survey',
  ],
  ['does nothing after a halt', intent, host({ permission: { kind: 'halted', detail: 'h1' } }), ''],
  [
    'starts the fallback on a new host after a halt',
    { ...intent, fallback: 'good' },
    { ...freshHost, permission: { kind: 'halted', detail: 'h1' }, surveyDue: false },
    'heal-proxy nothing, begin good null, stage good, start good blue, check good blue, switch blue, ' +
      'soak good blue, read good blue, confirm good, collect-garbage',
  ],
  [
    'tries the release on a new host after a halt where the fallback was rejected',
    { ...intent, fallback: 'good' },
    { ...freshHost, permission: { kind: 'halted', detail: 'h1' }, surveyDue: false, rejected: ['good'] },
    'heal-proxy nothing, begin new null, stage new, start new blue, check new blue, switch blue, ' +
      'soak new blue, read new blue, confirm new, collect-garbage',
  ],
  [
    'does nothing where release and fallback are rejected',
    { ...intent, fallback: 'good' },
    host({ ...freshHost, proxy: { running: true, active: null, backup: null }, rejected: ['new', 'good'] }),
    '',
  ],
  [
    'rejects a candidate that exited, and goes on serving the old one',
    intent,
    host({ attempt, slots: { blue: running('old'), green: exited('new') } }),
    'reject new green exited, stop-slot green',
  ],
  [
    'goes back at once when the new release exits in its soak',
    intent,
    { ...soaking, slots: { blue: running('old'), green: exited('new') } },
    'reject new green exited, roll-back blue, stop-slot green',
  ],
  [
    'goes back when the desired state cannot be read any more',
    intent,
    { ...soaking, attempt: { ...attempt, desiredState: 'lost' } },
    'reject new green desired-state-unreadable, roll-back blue, stop-slot green',
  ],
  [
    'goes back to the old release when it is desired again in the soak',
    { ...intent, generation: 3, revision: 'old' },
    soaking,
    'accept 3, abandon new, roll-back blue, stop-slot green',
  ],
  [
    'checks the old release before it goes back, if it was not checked and the new one still answers',
    { ...intent, revision: 'old' },
    { ...soaking, checked: ['green'] },
    'abandon new, check old blue, roll-back blue, stop-slot green',
  ],
  [
    'goes back first when a newer release overtakes one in its soak',
    { ...intent, revision: 'newer' },
    soaking,
    'abandon new, begin newer null, stage newer, roll-back blue, start newer green, check newer green, ' +
      'switch green (blue), soak newer green, read newer green, confirm newer, fix-backup green, stop-slot blue, collect-garbage',
  ],
  [
    'clears a slot that exited before it starts the same release there',
    intent,
    host({ slots: { blue: running('old'), green: exited('new') }, runnable: ['old', 'new'] }),
    `begin new null, stop-slot green, start new green, check new green, switch green (blue), ${takeOver}, ${tidyUp}`,
  ],
  ['goes on with the soak after a restart of the agent', intent, soaking, `${takeOver}, ${tidyUp}`],
  [
    'checks a release again whose check it cannot remember',
    intent,
    { ...soaking, checked: ['blue'] },
    `check new green, ${takeOver}, ${tidyUp}`,
  ],
  [
    'brings the old release back as backup when it dies in the soak',
    intent,
    { ...soaking, slots: { blue: exited('old'), green: running('new') } },
    `start old blue, ${takeOver}, ${tidyUp}`,
  ],
  [
    'soaks without a backup where the old release cannot be started',
    intent,
    { ...soaking, slots: { blue: exited('old'), green: running('new') }, mayRestart: false },
    `fix-backup green, ${takeOver}, stop-slot blue, collect-garbage`,
  ],
  [
    'confirms what has soaked and read',
    intent,
    { ...soaking, attempt: { ...attempt, soaked: true, desiredState: 'readable' } },
    `confirm new, ${tidyUp}`,
  ],
  [
    'restarts a dead app in its slot',
    { ...intent, revision: 'old' },
    host({ slots: { blue: exited('old'), green: empty }, checked: [] }),
    'start old blue',
  ],
  [
    'pauses before it restarts an app that crashes',
    { ...intent, revision: 'old' },
    host({ slots: { blue: exited('old'), green: empty }, mayRestart: false }),
    '',
  ],
  [
    'restarts a dead app before it deploys another',
    intent,
    host({ slots: { blue: exited('old'), green: empty }, checked: [] }),
    `start old blue, ${bringUp}, switch green (blue), ${takeOver}, ${tidyUp}`,
  ],
  [
    'deploys the fix of an app that crashes, while that pauses',
    intent,
    host({ slots: { blue: exited('old'), green: empty }, mayRestart: false }),
    `${bringUp}, switch green, ${takeOver}, stop-slot blue, collect-garbage`,
  ],
  [
    'deploys the fix of an app that cannot be staged',
    intent,
    host({ slots: { blue: empty, green: empty }, runnable: [], stalled: ['old'] }),
    `${bringUp}, switch green, ${takeOver}, collect-garbage`,
  ],
  ['waits where the release cannot be staged just now', intent, host({ stalled: ['new'] }), 'begin new null'],
  [
    'routes to the confirmed release where it runs but nothing is routed',
    { ...intent, revision: 'old' },
    host({ proxy: { running: true, active: null, backup: null } }),
    'roll-back blue',
  ],
  [
    'starts the confirmed release in the other slot where one is taken and nothing is routed',
    { ...intent, revision: 'old' },
    host({ slots: { blue: running('odd'), green: empty }, proxy: { running: true, active: null, backup: null } }),
    'start old green, roll-back green, stop-slot blue',
  ],
  [
    'replaces what serves and is not the confirmed release, after a check',
    { ...intent, revision: 'old' },
    host({ slots: { blue: running('odd'), green: empty } }),
    'start old green, check old green, roll-back green, stop-slot blue',
  ],
  [
    'brings the proxy back with its route',
    { ...intent, revision: 'old' },
    host({ proxy: { running: false, active: 'blue', backup: null } }),
    'heal-proxy blue',
  ],
  [
    'stops what runs beside the confirmed release',
    { ...intent, revision: 'old' },
    host({
      slots: { blue: running('old'), green: running('odd') },
      proxy: { running: true, active: 'blue', backup: 'green' },
    }),
    'fix-backup blue, stop-slot green',
  ],
  [
    'fetches again what vanished of the confirmed release',
    { ...intent, revision: 'old' },
    host({ runnable: [], garbage: true }),
    'stage old, collect-garbage',
  ],
  [
    'leaves alone what serves, where it knows nothing else',
    { ...intent, fallback: 'good', frozen: true },
    host({ confirmed: null, slots: { blue: running('odd'), green: empty } }),
    '',
  ],
  [
    'takes over the desired release where it runs already',
    intent,
    host({ confirmed: null, slots: { blue: running('new'), green: empty }, runnable: [], checked: [] }),
    'begin new blue, stage new, check new blue, soak new blue, read new blue, confirm new, collect-garbage',
  ],
  [
    'goes over to the fallback where the first release was rejected in its soak',
    { ...intent, fallback: 'good' },
    host({ confirmed: null, slots: { blue: running('new'), green: empty }, rejected: ['new'], runnable: ['good'] }),
    'begin good null, start good green, check good green, switch green (blue), soak good green, read good green, confirm good, fix-backup green, stop-slot blue, collect-garbage',
  ],
];

describe('plan', () => {
  test.each(cases)('%s', (_, wanted, actual, expected) => {
    expect(story(wanted, actual)).toBe(expected);
  });
});

describe('decide', () => {
  const verdicts: readonly (readonly [string, Intent | null, Actual, string, string])[] = [
    ['converged where the desired release serves', { ...intent, revision: 'old' }, host(), 'converged', 'serves'],
    [
      'progressing where the confirmed release does not serve',
      { ...intent, revision: 'old' },
      host({ slots: { blue: empty, green: empty } }),
      'progressing',
      'does not serve',
    ],
    [
      'progressing where nothing is routed',
      { ...intent, revision: 'old' },
      host({ proxy: { running: true, active: null, backup: null } }),
      'progressing',
      'does not serve',
    ],
    ['rejected where it was', intent, host({ rejected: ['new'] }), 'rejected', 'rejected'],
    [
      'rejected, never converged, where the fallback serves',
      { ...intent, fallback: 'old' },
      host({ rejected: ['new'] }),
      'rejected',
      'rejected',
    ],
    ['held where it is frozen', { ...intent, frozen: true }, host(), 'held', 'frozen'],
    ['held after a halt', intent, host({ permission: { kind: 'halted', detail: 'rejected by h1' } }), 'held', 'h1'],
    [
      'held while others go first',
      intent,
      host({ permission: { kind: 'wait', detail: 'waits for h1' } }),
      'held',
      'h1',
    ],
    ['progressing before the others were asked', intent, host({ permission: null }), 'progressing', 'asks'],
    ['held where the generation is older', { ...intent, generation: 1 }, host(), 'held', 'older'],
    [
      'held where the machine is pinned to another release, however well that serves',
      { ...intent, revision: 'old', pinnedElsewhere: 'pinned to release old' },
      host(),
      'held',
      'pinned to release old',
    ],
    [
      'held where the machine is pinned to another release, which it cannot bring up',
      { ...intent, pinnedElsewhere: 'pinned to release new' },
      host({ confirmed: null, rejected: ['new'] }),
      'held',
      'pinned to release new',
    ],
    ['progressing before anything was desired', null, freshHost, 'progressing', 'no desired state'],
  ];
  test.each(verdicts)('says %s', (_, wanted, actual, outcome, detail) => {
    expect(decide(wanted, actual)).toMatchObject({ outcome, detail: expect.stringContaining(detail) });
  });
});

/** Does what a step says, written apart from the code that plans: a host in a few lines. */
function apply(step: Step, actual: Actual, wanted: Intent): Actual {
  const put = (slot: Slot, seen: SlotObservation): Partial<Actual> => ({
    slots: { ...actual.slots, [slot]: seen },
    checked: actual.checked.filter((one) => one !== slot),
  });
  const changes: Record<string, () => Partial<Actual>> = {
    accept: () => ({
      generation: wanted.generation,
      rejected: wanted.retry ? actual.rejected.filter((one) => one !== wanted.revision) : actual.rejected,
    }),
    survey: () => ({ surveyDue: false, permission: { kind: 'go' } }),
    abandon: () => ({ attempt: null }),
    'collect-garbage': () => ({ garbage: false }),
    soak: () => ({ attempt: actual.attempt && { ...actual.attempt, soaked: true } }),
    read: () => ({ attempt: actual.attempt && { ...actual.attempt, desiredState: 'readable' } }),
  };
  if ('active' in step) return { ...actual, proxy: { running: true, active: step.active, backup: step.backup } };
  if (step.kind === 'begin') {
    const begun = { revision: step.revision, slot: step.slot, soaked: false, desiredState: 'unknown' } as const;
    return { ...actual, attempt: begun };
  }
  if (step.kind === 'stage') return { ...actual, runnable: [...actual.runnable, step.revision] };
  if (step.kind === 'start') return { ...actual, ...put(step.slot, running(step.revision)) };
  if (step.kind === 'check') return { ...actual, checked: [...actual.checked, step.slot] };
  if (step.kind === 'stop-slot') return { ...actual, ...put(step.slot, empty) };
  if (step.kind === 'reject') return { ...actual, rejected: [...actual.rejected, step.revision], attempt: null };
  if (step.kind === 'confirm') {
    return { ...actual, previous: actual.confirmed, confirmed: step.revision, attempt: null, garbage: true };
  }
  return { ...actual, ...changes[step.kind]?.() };
}

const serves = ({ proxy, slots }: Actual): boolean =>
  proxy.running && proxy.active !== null && slots[proxy.active].kind === 'running';

const revision = fc.constantFrom('a', 'b', 'c');
const slot = fc.constantFrom<Slot>('blue', 'green');
const observation = fc.oneof(fc.constant(empty), revision.map(running), revision.map(exited));
const anyHost: fc.Arbitrary<Actual> = fc.record({
  generation: fc.integer({ min: 0, max: 4 }),
  confirmed: fc.option(revision),
  previous: fc.option(revision),
  rejected: fc.uniqueArray(revision),
  attempt: fc.option(
    fc.record({
      revision,
      slot: fc.option(slot),
      soaked: fc.boolean(),
      desiredState: fc.constantFrom('unknown', 'readable', 'lost'),
    }),
  ),
  slots: fc.record({ blue: observation, green: observation }),
  proxy: fc.record({ running: fc.boolean(), active: fc.option(slot), backup: fc.option(slot) }),
  runnable: fc.uniqueArray(revision),
  stalled: fc.constant([]),
  checked: fc.uniqueArray(slot),
  permission: fc.constantFrom({ kind: 'go' } as const, null),
  surveyDue: fc.boolean(),
  mayRestart: fc.constant(true),
  garbage: fc.boolean(),
});
/** What is confirmed was never rejected, and what is rejected is no attempt any more. */
const possibleHost = anyHost.filter(
  ({ confirmed, rejected, attempt }) =>
    ![confirmed, attempt?.revision].some((one) => one && rejected.includes(one)) &&
    (attempt === null || attempt.revision !== confirmed),
);
const anyIntent: fc.Arbitrary<Intent> = fc.record({
  generation: fc.integer({ min: 1, max: 4 }),
  revision,
  fallback: fc.option(revision),
  retry: fc.boolean(),
  frozen: fc.boolean(),
  pinnedElsewhere: fc.constant(null),
});

describe('whatever the host is like', () => {
  test('the plan applied to the actual yields the desired, and the second plan is empty', () => {
    const ready = possibleHost.filter(({ permission, surveyDue }) => permission !== null || surveyDue);
    fc.assert(
      fc.property(anyIntent, ready, (wanted, start) => {
        let actual = start;
        for (let rounds = 0; plan(wanted, actual).length > 0; rounds += 1) {
          for (const step of plan(wanted, actual)) actual = apply(step, actual, wanted);
          // A look at the other hosts, or a rejection, cannot be foreseen: then there is another plan after this one.
          if (rounds > 3) throw new Error(`no end: ${story(wanted, actual)}`);
        }
        expect(actual.attempt).toBeNull();
        expect(actual.proxy.running).toBe(true);
        const isOpen =
          !wanted.frozen && wanted.generation >= start.generation && !actual.rejected.includes(wanted.revision);
        if (isOpen) {
          expect(actual.confirmed).toBe(wanted.revision);
          expect(actual.proxy.backup).toBeNull();
          const { active } = actual.proxy;
          expect(active && actual.slots[active]).toEqual(
            expect.objectContaining({ kind: 'running', revision: wanted.revision }),
          );
          expect(actual.slots[active === 'blue' ? 'green' : 'blue']).toEqual(empty);
        } else if (actual.confirmed !== null) {
          expect(serves(actual)).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('being pinned changes what is said of the desired generation, and no step', () => {
    fc.assert(
      fc.property(anyIntent, possibleHost, (wanted, actual) => {
        expect(plan({ ...wanted, pinnedElsewhere: 'pinned' }, actual)).toEqual(plan(wanted, actual));
      }),
    );
  });

  test('no step leaves nothing serving once something was, and the generation never falls', () => {
    fc.assert(
      fc.property(anyIntent, possibleHost, fc.boolean(), (wanted, start, mayRestart) => {
        let actual: Actual = { ...start, mayRestart };
        for (const step of plan(wanted, actual)) {
          const next = apply(step, actual, wanted);
          if (serves(actual) && !serves(next)) throw new Error(`nothing serves after: ${words(step)}`);
          if (next.generation < actual.generation) throw new Error(`the generation falls at: ${words(step)}`);
          actual = next;
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('what was not checked since its start gets no traffic while something else can answer', () => {
    fc.assert(
      fc.property(anyIntent, possibleHost, (wanted, start) => {
        let actual = start;
        for (const step of plan(wanted, actual)) {
          const isSwitch = step.kind === 'switch' || step.kind === 'roll-back';
          if (isSwitch && serves(actual) && step.active !== null && !actual.checked.includes(step.active)) {
            throw new Error(`not checked: ${words(step)}`);
          }
          actual = apply(step, actual, wanted);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
