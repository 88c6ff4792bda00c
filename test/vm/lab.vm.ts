/** The lab itself: what the other tests stand on is as on EC2. */
import { type Lab, openLab } from './support/lab.ts';
import type { Machine } from './support/machine.ts';

describe('a machine of the lab', () => {
  let lab: Lab;
  let machine: Machine;

  beforeAll(async () => {
    lab = await openLab();
    const userData =
      '#!/bin/bash\necho "user data ran as $(id -un)"\necho "slipway: complaint" >&2\necho run >> /root/runs\n';
    machine = await lab.boot({ name: 'm1', userData });
  });
  afterAll(async () => lab.close());

  test('user data is run by cloud-init, once, and the console shows what it says', async () => {
    await machine.until(
      'user data to have run',
      async () => (await machine.run(['test', '-s', '/root/runs'])).code === 0,
    );
    await machine.until('the console', async () => (await machine.console()).includes('slipway: complaint'));
    await machine.reboot();
    await machine.until('cloud-init to be done', async () =>
      (await machine.run(['cloud-init', 'status'])).stdout.includes('done'),
    );
    expect(await machine.must(['cat', '/root/runs'])).toBe('run\n');
  });

  test('a memory limit of a unit holds: who exceeds it is killed, and nobody else', async () => {
    const hog = 'b"x" * 200_000_000';
    const limited = ['systemd-run', '--quiet', '--wait', '--pipe', '-p', 'MemoryMax=50M'];
    expect((await machine.run([...limited, 'python3', '-c', hog])).code).not.toBe(0);
    expect((await machine.run([...limited.slice(0, 4), 'python3', '-c', hog])).code).toBe(0);
  });
});
