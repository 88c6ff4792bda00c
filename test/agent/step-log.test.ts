import { FakeWorld } from '../support/fake-world.ts';

const field = (step: unknown, name: string): unknown => Reflect.get(Object(step), name);

test('every step of a deployment, of its rejection and of a repair is one line, with its release and its generation', async () => {
  const world = new FakeWorld();
  const host = world.host('role:i-1');
  const one = world.deploy(world.publish('one'));
  host.boot();
  await world.until(() => host.hasConverged(one));
  const two = world.deploy(world.publish('two', { health: () => false }));
  await world.until(() => host.status?.outcome === 'rejected', 300_000);
  host.supervisor.kill('blue');
  await world.until(() => (host.status?.healed.length ?? 0) > 0);
  await world.pass(10_000);
  world.end();

  const steps = host.lines.filter(({ message }) => message === 'step').map(({ text }): unknown => JSON.parse(text));
  const isOfRelease = steps.slice(steps.findIndex((step) => field(step, 'step') === 'accept') + 1);
  expect(steps.every((step) => Number.isInteger(field(step, 'generation')))).toBe(true);
  expect(steps.every((step) => Number.isInteger(field(step, 'tookMs')))).toBe(true);
  expect(isOfRelease.length).toBeGreaterThan(10);
  expect(new Set(isOfRelease.map((step) => field(step, 'release')))).toEqual(
    new Set([one.release.slice(0, 12), two.release.slice(0, 12)]),
  );
  expect(new Set(isOfRelease.map((step) => field(step, 'generation')))).toEqual(new Set([1, 2]));
  const kinds = new Set(steps.map((step) => field(step, 'step')));
  for (const kind of ['accept', 'begin', 'stage', 'start', 'check', 'switch', 'soak', 'read', 'confirm'])
    expect(kinds).toContain(kind);
});
