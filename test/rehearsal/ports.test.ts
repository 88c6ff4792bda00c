import { createServer } from 'node:net';
import { takePortBlock } from '../../lib/rehearsal/ports.ts';

const block = (port: number): number => Math.floor(port / 100);

test('two runs take ports of different blocks, and no port twice', async () => {
  const [one, two] = await Promise.all([takePortBlock(), takePortBlock()]);
  try {
    const taken = [...(await one.take(3)), ...(await one.take(3)), ...(await two.take(3))];
    expect(new Set(taken).size).toBe(9);
    expect(new Set(taken.slice(0, 6).map(block)).size).toBe(1);
    expect(block(taken[8] ?? 0)).not.toBe(block(taken[0] ?? 0));
    expect(Math.max(...taken)).toBeLessThan(32_768);
  } finally {
    await Promise.all([one.close(), two.close()]);
  }
});

test('a port that somebody listens on is passed over', async () => {
  const own = await takePortBlock();
  const server = createServer();
  try {
    const [first = 0] = await own.take(1);
    own.give([first]);
    await new Promise<void>((resolve) => {
      server.listen(first, '127.0.0.1', resolve);
    });
    expect(await own.take(1)).not.toContain(first);
  } finally {
    server.close();
    await own.close();
  }
});

test('ports that were given back are taken again, and none is left when all are taken', async () => {
  const own = await takePortBlock();
  try {
    const some = await own.take(2);
    own.give(some);
    expect(await own.take(2)).toEqual(some);
    await expect(own.take(99)).rejects.toMatchObject({ code: 'no-free-ports' });
  } finally {
    await own.close();
  }
});
