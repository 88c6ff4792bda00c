/** What test/vm/leaves-nothing.real.ts ends in the middle. On its own: the smallest of all tests on machines. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Lab, openLab } from './support/lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(async () => lab.close());

test('a machine boots', async () => {
  const machine = await lab.boot({ name: 'self' });
  expect(await machine.must(['cat', '/proc/1/comm'])).toBe('systemd\n');
  process.stderr.write('the self-test is up\n');
  const ending = process.env['SLIPWAY_SELF_TEST'] ?? '';
  if (ending === 'wait') await sleep(120_000);
  expect(ending).not.toBe('fail');
});
