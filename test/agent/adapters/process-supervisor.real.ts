import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProcessSupervisor } from '../../../lib/agent/adapters/process-supervisor.ts';
import { systemClock } from '../../../lib/agent/adapters/system-clock.ts';
import type { Launch, SlotObservation, Supervisor } from '../../../lib/agent/ports.ts';
import { sha256 } from '../../../lib/contract/canonical-json.ts';
import type { Slot } from '../../../lib/contract/host-status.ts';
import { releaseManifest } from '../../support/documents.ts';
import { freePorts } from '../../support/free-ports.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';
import { supervisorContract } from '../contract/supervisor-contract.ts';

async function makeSubject() {
  const folder = await temporaryFolder();
  const [blue = 0, green = 0] = await freePorts(2);
  const app = join(folder.path, 'app');
  await mkdir(app);
  await copyFile(join(__dirname, '../../support/slot-service.cjs'), join(app, 'server.cjs'));
  const props = {
    runDirectory: join(folder.path, 'run'),
    stateDirectory: join(folder.path, 'state'),
    slots: { address: '127.0.0.1', blue, green },
    clock: systemClock,
  };
  const supervisor = createProcessSupervisor(props);
  const pidOf = async (slot: Slot) => {
    const seen = await supervisor.inspect(slot);
    return seen.kind === 'running' ? seen.pid : 0;
  };
  return {
    supervisor,
    props,
    app,
    pidOf,
    url: (path: string) => `http://127.0.0.1:${blue}${path}`,
    launch: (mark: string, change: Partial<Launch> = {}): Launch => ({
      revision: sha256(mark),
      release: sha256(mark),
      manifest: releaseManifest({ start: ['node', 'server.cjs'] }),
      appDirectory: app,
      nodeBinary: process.execPath,
      environment: {},
      ...change,
    }),
    async crash(slot: Slot) {
      process.kill(await pidOf(slot), 'SIGKILL');
      await until('the exit', async () => (await supervisor.inspect(slot)).kind === 'exited');
    },
    async dispose() {
      await Promise.all([supervisor.stop('blue', 0), supervisor.stop('green', 0)]);
      await folder.remove();
    },
  };
}

supervisorContract('of real processes', makeSubject);

describe('a service as a real process', () => {
  let subject: Awaited<ReturnType<typeof makeSubject>>;
  let supervisor: Supervisor;
  beforeEach(async () => {
    subject = await makeSubject();
    ({ supervisor } = subject);
  });
  afterEach(() => subject.dispose());

  const answers = () =>
    until('an answer', () =>
      fetch(subject.url('/health'), { headers: { connection: 'close' } }).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
  const exited = (slot: Slot): Promise<SlotObservation> =>
    until('the exit', async () => {
      const seen = await supervisor.inspect(slot);
      return seen.kind === 'exited' && seen;
    });

  it('V7: gets its port, address, slot and configuration, and nothing of the agent', async () => {
    process.env['AWS_SECRET_ACCESS_KEY'] = 'of the agent';
    await supervisor.start('blue', subject.launch('one', { environment: { COLOUR: 'red', PORT: '1' } }));
    await answers();
    const environment: unknown = await (await fetch(subject.url('/environment'))).json();
    expect(environment).toEqual({
      PATH: expect.stringContaining('/usr/bin'),
      HOME: expect.stringContaining(subject.props.stateDirectory),
      TMPDIR: expect.stringContaining(subject.props.stateDirectory),
      LANG: 'C.UTF-8',
      COLOUR: 'red',
      PORT: String(subject.props.slots.blue),
      HOST: '127.0.0.1',
      SLIPWAY_SLOT: 'blue',
      SLIPWAY_LAUNCH: expect.any(String),
    });
  });

  it('V7: leaves no value of its environment on the disk', async () => {
    await supervisor.start('blue', subject.launch('one', { environment: { DATABASE_PASSWORD: 'correct-horse' } }));
    await answers();
    for (const folder of [subject.props.runDirectory, subject.props.stateDirectory]) {
      for (const name of await readdir(folder, { recursive: true })) {
        const file = join(folder, name);
        if ((await stat(file)).isFile()) expect(await readFile(file, 'utf8')).not.toContain('correct-horse');
      }
    }
  });

  it('leads a process group of its own', async () => {
    await supervisor.start('blue', subject.launch('one'));
    const fields = (await readFile(`/proc/${await subject.pidOf('blue')}/stat`, 'utf8')).split(' ');
    expect(fields[4]).toBe(fields[0]);
    expect(fields[5]).toBe(fields[0]);
  });

  it('ends on SIGTERM in its own time', async () => {
    await supervisor.start('blue', subject.launch('one'));
    await answers();
    const slow = fetch(subject.url('/slow?ms=300'), { headers: { connection: 'close' } });
    await answers();
    const stopped = supervisor.stop('blue', 10_000);
    expect(await (await slow).text()).toBe('blue');
    await stopped;
    expect(await supervisor.inspect('blue')).toEqual({ kind: 'empty' });
  });

  it('is killed, with all that it started, when it ignores SIGTERM', async () => {
    await writeFile(
      join(subject.app, 'parent.cjs'),
      `const { spawn } = require('node:child_process');
       process.on('SIGTERM', () => {});
       const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up")'], { stdio: ['ignore', 'pipe', 'ignore'] });
       child.stdout.once('data', () => console.log('child', child.pid));
       setInterval(() => {}, 1000);`,
    );
    const manifest = releaseManifest({ start: ['node', 'parent.cjs'] });
    await supervisor.start('blue', subject.launch('one', { manifest }));
    const child = await until(
      'the child',
      async () => /child (\d+)/.exec(await supervisor.logTail('blue', 1_000))?.[1],
    );
    await supervisor.stop('blue', 100);
    // Gone, or ended and not collected yet.
    const state = await readFile(`/proc/${child}/stat`, 'utf8').catch(() => 'gone Z ');
    expect(state).toContain(' Z ');
  });

  it('S3: is found again by the next agent, and stopped by it', async () => {
    await supervisor.start('blue', subject.launch('one'));
    const next = createProcessSupervisor(subject.props);
    expect(await next.inspect('blue')).toMatchObject({ kind: 'running', pid: await subject.pidOf('blue') });
    await next.stop('blue', 5_000);
    expect(await supervisor.inspect('blue')).toEqual({ kind: 'empty' });
  });

  it('S3: is found again when the agent died before it could write the number down', async () => {
    await supervisor.start('blue', subject.launch('one'));
    const pid = await subject.pidOf('blue');
    const file = join(subject.props.runDirectory, 'slot-blue.json');
    const record = await readFile(file, 'utf8');
    await writeFile(file, record.replace(/"process":\{[^}]*\}/, '"process":null'));
    const next = createProcessSupervisor(subject.props);
    expect(await next.inspect('blue')).toMatchObject({ kind: 'running', pid });
    await next.start('blue', subject.launch('two'));
    expect(await next.inspect('blue')).not.toMatchObject({ pid });
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });

  it('is not taken for another process that got its number', async () => {
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      detached: true,
      stdio: 'ignore',
    });
    await once(stranger, 'spawn');
    await supervisor.start('blue', subject.launch('one'));
    await subject.crash('blue');
    const file = join(subject.props.runDirectory, 'slot-blue.json');
    const record = await readFile(file, 'utf8');
    await writeFile(
      file,
      record.replace(/"pid":\d+/, `"pid":${stranger.pid}`).replace(/"exit":"[^"]*"/, '"exit":null'),
    );
    expect(await supervisor.inspect('blue')).toMatchObject({ kind: 'exited' });
    await supervisor.stop('blue', 100);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    stranger.kill('SIGKILL');
    await once(stranger, 'exit');
  });

  it('S4: has an empty slot when its record cannot be read', async () => {
    await mkdir(subject.props.runDirectory, { recursive: true });
    await writeFile(join(subject.props.runDirectory, 'slot-blue.json'), '{"revision":');
    expect(await supervisor.inspect('blue')).toEqual({ kind: 'empty' });
    expect(await readdir(subject.props.runDirectory)).toEqual(['slot-blue.json.unreadable']);
  });

  it.each([
    { title: 'a code', script: 'process.exit(3)', detail: 'exited with code 3' },
    { title: 'a signal', script: "process.kill(process.pid, 'SIGABRT')", detail: 'ended by SIGABRT' },
  ])('says with $title how it ended', async ({ script, detail }) => {
    await writeFile(join(subject.app, 'end.cjs'), script);
    await supervisor.start(
      'blue',
      subject.launch('one', { manifest: releaseManifest({ start: ['node', 'end.cjs'] }) }),
    );
    await exited('blue');
    await until(
      'the note',
      async () => (await exited('blue')).kind === 'exited' && JSON.stringify(await exited('blue')).includes(detail),
    );
  });

  it.each([
    { title: 'its binary is missing', change: { nodeBinary: '/nowhere/node' } },
    { title: 'its folder is missing', change: { appDirectory: '/nowhere' } },
    { title: 'its binary is a text', change: { nodeBinary: __filename } },
  ])('is refused, not thrown, when $title', async ({ change }) => {
    expect(await supervisor.start('blue', subject.launch('one', change))).toMatchObject({
      kind: 'refused',
      reason: 'start-failed',
    });
    expect(await supervisor.inspect('blue')).toEqual({ kind: 'empty' });
  });

  it('has a log whose last lines can be read, whole lines only', async () => {
    await writeFile(
      join(subject.app, 'talk.cjs'),
      "for (let i = 0; i < 1000; i += 1) console.log('line', i); console.error('the end')",
    );
    await supervisor.start(
      'blue',
      subject.launch('one', { manifest: releaseManifest({ start: ['node', 'talk.cjs'] }) }),
    );
    await exited('blue');
    const tail = await supervisor.logTail('blue', 60);
    expect(tail).toMatch(/^line \d+\n/);
    expect(tail).toMatch(/the end\n$/);
    expect(Buffer.byteLength(tail)).toBeLessThanOrEqual(60);
  });

  it('S6: has a log that does not fill the disk', async () => {
    await writeFile(
      join(subject.app, 'shout.cjs'),
      "const line = 'x'.repeat(65536) + '\\n'; for (let i = 0; i < 200; i += 1) require('node:fs').writeSync(1, line); setInterval(() => console.log('on'), 20)",
    );
    await supervisor.start(
      'blue',
      subject.launch('one', { manifest: releaseManifest({ start: ['node', 'shout.cjs'] }) }),
    );
    const log = join(subject.props.stateDirectory, 'logs', 'blue.log');
    await until('a large log', async () => (await stat(log)).size > 12_000_000);
    await supervisor.inspect('blue');
    expect((await stat(log)).size).toBeLessThan(100_000);
    await until('the next line', async () => (await supervisor.logTail('blue', 100)).endsWith('on\n'));
    expect((await stat(log)).size).toBeLessThan(100_000);
  });
});
