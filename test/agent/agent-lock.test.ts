import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { takeAgentLock } from '../../lib/agent/agent-lock.ts';

const directory = `/nowhere/lock-test-${process.pid}`;

describe('the lock of the agent', () => {
  test('S11: of ten at once, one gets it', async () => {
    const locks = await Promise.all(Array.from({ length: 10 }, () => takeAgentLock(directory)));
    const held = locks.filter((lock) => lock !== null);
    expect(held).toHaveLength(1);
    await held[0]?.release();
  });

  test('is free again after its release, and is another one for another directory', async () => {
    const lock = await takeAgentLock(directory);
    const elsewhere = await takeAgentLock(`${directory}-2`);
    expect([lock, elsewhere]).not.toContain(null);
    await lock?.release();
    await elsewhere?.release();
    const again = await takeAgentLock(directory);
    expect(again).not.toBeNull();
    await again?.release();
  });

  test('S11: is held against another process, and ends with its holder, however that ends', async () => {
    const script = `
      require('ts-node').register({ cwd: ${JSON.stringify(root)}, projectSearchDir: ${JSON.stringify(root)} });
      const { takeAgentLock } = require(${JSON.stringify(join(root, 'lib/agent/agent-lock.ts'))});
      takeAgentLock(${JSON.stringify(directory)}).then((lock) => {
        console.log(lock === null ? 'refused' : 'held');
        if (lock !== null) setInterval(() => undefined, 1000);
      });`;
    const holder = spawn(process.execPath, ['-e', script], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    const second = await promisify(execFile)(process.execPath, ['-e', script], { cwd: root });
    expect(second.stdout.trim()).toBe('refused');
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const lock = await takeAgentLock(directory);
    expect(lock).not.toBeNull();
    await lock?.release();
  });
});

const root = join(__dirname, '../..');
