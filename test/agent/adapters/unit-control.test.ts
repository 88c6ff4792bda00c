import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createUnitControl } from '../../../lib/agent/adapters/unit-control.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

const never = new AbortController().signal;

/** A control that answers with this text, and what it was asked. */
async function answering<T>(answer: (socket: Socket) => void, action: (path: string, asked: string[]) => Promise<T>) {
  const asked: string[] = [];
  const path = join(folder.path, 'control.sock');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (data) => {
      asked.push(data.toString());
      answer(socket);
    });
  });
  await once(server.listen(path), 'listening');
  try {
    return await action(path, asked);
  } finally {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  }
}

test('asks in one line, and is done when the answer is ok', async () => {
  await answering(
    (socket) => socket.end('ok\n'),
    async (socketPath, asked) => {
      expect(await createUnitControl({ socketPath }).request('start', 'blue', never)).toEqual({ kind: 'done' });
      expect(asked).toEqual(['start blue\n']);
    },
  );
});

test('hands on why systemd did not', async () => {
  await answering(
    (socket) => socket.end('failed Job for slipway-proxy.service failed.\n'),
    async (socketPath) => {
      expect(await createUnitControl({ socketPath }).request('reload', 'proxy', never)).toEqual({
        kind: 'failed',
        detail: 'Job for slipway-proxy.service failed.',
      });
    },
  );
});

test.each([
  { title: 'something else is answered', answer: (socket: Socket) => socket.end('hello\n') },
  { title: 'nothing is answered', answer: (socket: Socket) => socket.end() },
  { title: 'the answer does not end', answer: (socket: Socket) => socket.write('x'.repeat(10_000)) },
])('is a fault of the host when $title', async ({ answer }) => {
  await answering(answer, async (socketPath) => {
    const asking = createUnitControl({ socketPath }).request('kill', 'green', never);
    await expect(asking).rejects.toMatchObject({ code: 'unit-control-failed' });
  });
});

test('is a fault of the host when nobody listens', async () => {
  const asking = createUnitControl({ socketPath: join(folder.path, 'nothing.sock') }).request('stop', 'blue', never);
  await expect(asking).rejects.toMatchObject({
    code: 'unit-control-failed',
    message: expect.stringContaining('stop blue'),
  });
});

test('ends when the caller does', async () => {
  await answering(
    () => undefined,
    async (socketPath) => {
      const stop = new AbortController();
      const asking = createUnitControl({ socketPath }).request('start', 'blue', stop.signal);
      stop.abort();
      await expect(asking).rejects.toMatchObject({ code: 'unit-control-failed' });
    },
  );
});
