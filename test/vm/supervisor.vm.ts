/** The supervisor's adapter for systemd, driven from here while it runs on a machine in the sandbox of the agent. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { unsuitedVariable } from '../../lib/agent/adapters/unit-environment.ts';
import { supervisorContract } from '../agent/contract/supervisor-contract.ts';
import { bootHost, type Host } from './hardening/host.ts';
import { type Lab, openLab } from './support/lab.ts';

const service = readFileSync(join(__dirname, '../support/slot-service.cjs'), 'utf8');
const probe = readFileSync(join(__dirname, 'hardening/probe.cjs'), 'utf8');

let lab: Lab;
let host: Host;
beforeAll(async () => {
  lab = await openLab();
  host = await bootHost(lab, 'm1');
  await host.release('one', { 'server.cjs': service, 'probe.cjs': probe });
  await host.release('two', { 'server.cjs': service });
});
afterAll(async () => lab?.close());

const empty = async (): Promise<void> => {
  await host.supervisor.stop('blue', 0);
  await host.supervisor.stop('green', 0);
};

const answers = (slot: 'blue' | 'green') =>
  host.machine.until(`an answer of ${slot}`, async () => {
    const port = slot === 'blue' ? 8081 : 8082;
    return (await host.machine.run(['curl', '-sf', `http://127.0.0.1:${port}/health`])).code === 0;
  });
const start = (name: string, ...rest: [change?: Parameters<Host['launch']>[1]]) =>
  host.supervisor.start('blue', host.launch(name, ...rest));
const ended = (slot: 'blue' | 'green' = 'blue') =>
  host.machine.until('the end', async () => {
    const seen = await host.supervisor.inspect(slot);
    return seen.kind === 'exited' && seen.detail;
  });

supervisorContract('of a booted systemd', async () => ({
  supervisor: host.supervisor,
  launch: (mark) => host.launch(mark),
  async crash(slot) {
    await host.machine.must(['systemctl', 'kill', '--signal=KILL', `slipway-app@${slot}.service`]);
    await host.machine.until('the crash', async () => (await host.supervisor.inspect(slot)).kind === 'exited');
  },
  dispose: empty,
}));

describe('a slot as a unit of systemd', () => {
  afterEach(empty);

  test('V7: the service gets its port, address, slot and configuration, and nothing of the agent', async () => {
    await start('one', { environment: { COLOUR: 'red', PORT: '1', NODE_ENV: 'production' } });
    await answers('blue');
    expect(await host.ask('blue', '/environment')).toEqual({
      PATH: expect.stringContaining('/usr/bin'),
      HOME: '/var/lib/slipway-app',
      TMPDIR: '/tmp',
      LANG: 'C.UTF-8',
      NODE_ENV: 'production',
      COLOUR: 'red',
      PORT: '8081',
      HOST: '127.0.0.1',
      SLIPWAY_SLOT: 'blue',
      SLIPWAY_ARGUMENTS: '"server.cjs"',
      // What systemd gives to every service.
      USER: 'slipway-app',
      LOGNAME: 'slipway-app',
      STATE_DIRECTORY: '/var/lib/slipway-app',
      INVOCATION_ID: expect.any(String),
      JOURNAL_STREAM: expect.any(String),
      SYSTEMD_EXEC_PID: expect.any(String),
    });
  });

  test('V7: no value of its environment stays in a file, on disk or in memory, or is on a command line', async () => {
    await start('one', { environment: { DATABASE_PASSWORD: 'correct-horse' } });
    await answers('blue');
    const files = ['grep', '-rls', 'correct-horse', '/run/slipway', '/var/lib/slipway', '/etc', '/var/log'];
    expect((await host.machine.run(files)).stdout).toBe('');
    expect(await host.machine.must(['ps', '-eo', 'args'])).not.toContain('correct-horse');
    expect(await host.machine.must(['journalctl', '--no-pager'])).not.toContain('correct-horse');
    expect(JSON.stringify(await host.ask('blue', '/environment'))).toContain('correct-horse');
  });

  test('values and arguments arrive unchanged, whatever is in them', async () => {
    const nasty = [
      '"',
      "'",
      '\\',
      '\n',
      '$',
      '%',
      '`',
      ' ',
      '\t',
      '$HOME',
      '${HOME}',
      '%i',
      '\\n',
      '#',
      ';',
      '=',
      'é',
      '🙂',
      '"\\',
    ];
    const text = fc
      .array(fc.oneof(fc.constantFrom(...nasty), fc.string({ unit: 'grapheme', maxLength: 3 })), { maxLength: 8 })
      .map((parts) => parts.join(''))
      .filter((value) => unsuitedVariable({ value }) === null);
    const seed = Date.now();
    const values = [...nasty, '', ...fc.sample(text, { seed, numRuns: 400 })];
    for (let batch = 0; batch < values.length; batch += 100) {
      const environment = Object.fromEntries(values.slice(batch, batch + 100).map((value, i) => [`V${i}`, value]));
      const args = values.slice(batch, batch + 30).filter((value) => value !== '');
      await start('one', { environment, start: ['node', 'probe.cjs', ...args] });
      await answers('blue');
      const seen = { args: await host.ask('blue', '/arguments'), environment: await host.ask('blue', '/environment') };
      expect({ seed, ...seen }).toEqual({ seed, args, environment: expect.objectContaining(environment) });
    }
  });

  test('a value that systemd would leave out is refused by name, and not shown', async () => {
    const refused = await start('one', { environment: { KEY: 'first\r\nsecond' } });
    expect(refused).toMatchObject({ kind: 'refused', reason: 'start-failed' });
    expect(JSON.stringify(refused)).toMatch(/KEY holds the character U\+000D/);
    expect(JSON.stringify(refused)).not.toContain('second');
  });

  test('S3: it is found again by the next agent, and stopped by it', async () => {
    await start('one');
    const before = await host.supervisor.inspect('blue');
    const agent = await host.mainPid('slipway-agent.service');
    await host.machine.must(['kill', '-KILL', String(agent)]);
    await host.machine.until('the next agent', async () => {
      const pid = await host.mainPid('slipway-agent.service');
      return pid > 0 && pid !== agent && (await host.supervisor.inspect('blue').catch(() => false));
    });
    expect(await host.supervisor.inspect('blue')).toEqual(before);
    await host.supervisor.stop('blue', 5_000);
    expect(await host.supervisor.inspect('blue')).toEqual({ kind: 'empty' });
  });

  test.each([
    { title: 'knew its process', change: 's/"process":{[^}]*}/"process":null/' },
    {
      title: 'wrote that it runs',
      change: 's/"launch":"[^"]*"/"launch":"unknown"/;s/"process":{[^}]*}/"process":null/',
    },
  ])('S3: it is found again when the agent died before it $title', async ({ change }) => {
    await start('one');
    const before = await host.supervisor.inspect('blue');
    await host.machine.must(['sed', '-i', change, '/run/slipway/slot-blue.json']);
    expect(await host.supervisor.inspect('blue')).toEqual(before);
    await start('two');
    expect(await host.supervisor.inspect('blue')).toMatchObject({ revision: host.launch('two').revision });
  });

  test('S4: with its record lost, what runs in it is ended before the next starts', async () => {
    await start('one');
    const before = await host.supervisor.inspect('blue');
    await host.machine.must(['sh', '-c', 'echo "{" > /run/slipway/slot-blue.json']);
    expect(await host.supervisor.inspect('blue')).toEqual({ kind: 'empty' });
    expect(await start('two')).toEqual({ kind: 'started' });
    expect(await host.supervisor.inspect('blue')).not.toMatchObject({ pid: before.kind === 'running' && before.pid });
  });

  test('it ends on SIGTERM in its own time, and is killed with all that it started when it does not', async () => {
    await start('one');
    await answers('blue');
    const slow = host.machine.run(['curl', '-s', 'http://127.0.0.1:8081/slow?ms=700']);
    await answers('blue');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await host.supervisor.stop('blue', 10_000);
    expect((await slow).stdout).toBe('blue');
    await start('one', { environment: { IGNORE_SIGTERM: '1' } });
    await answers('blue');
    const since = Date.now();
    await host.supervisor.stop('blue', 300);
    expect(Date.now() - since).toBeLessThan(3_000);
    expect((await host.machine.run(['pgrep', '-u', 'slipway-app'])).stdout).toBe('');
  });

  test.each([
    { title: 'a code', script: 'process.exit(3)', detail: 'exited with code 3' },
    { title: 'code 0', script: 'process.exit(0)', detail: 'exited with code 0, or by SIGTERM' },
    { title: 'a signal', script: "process.kill(process.pid, 'SIGABRT')", detail: 'ended by SIGABRT' },
  ])('says with $title how it ended, and its last words', async ({ script, detail }) => {
    await host.release('ending', { 'server.cjs': `console.error('last words'); ${script}` });
    expect(await start('ending')).toEqual({ kind: 'started' });
    expect(await ended()).toBe(detail);
    await host.machine.until('the log', async () => (await host.supervisor.logTail('blue', 500)) === 'last words\n');
  });

  test('has only the last lines of this run in its log, whole ones', async () => {
    await host.release('talk', { 'server.cjs': 'for (let i = 0; i < 1000; i += 1) console.log("line", i)' });
    await start('talk');
    await ended();
    await start('talk');
    await ended();
    const tail = await host.machine.until('the log', async () => {
      const text = await host.supervisor.logTail('blue', 60);
      return text.endsWith('line 999\n') && text;
    });
    expect(tail).toMatch(/^line \d+\n/);
    expect(Buffer.byteLength(tail)).toBeLessThanOrEqual(60);
    await start('one');
    await answers('blue');
    expect(await host.supervisor.logTail('blue', 1_000)).not.toContain('line');
  });

  test.each([
    { title: 'its binary is missing', change: { nodeBinary: '/nowhere/node' } },
    { title: 'its folder is missing', change: { appDirectory: '/nowhere' } },
    { title: 'its binary is a text', change: { nodeBinary: '/var/lib/slipway/blobs/text/node' } },
  ])('is refused, not thrown, when $title', async ({ change }) => {
    await host.release('text', { node: 'not a program' });
    await host.machine.must(['chmod', '+x', '/var/lib/slipway/blobs/text/node']);
    expect(await start('one', change)).toMatchObject({ kind: 'refused', reason: 'start-failed' });
    expect(await host.supervisor.inspect('blue')).toEqual({ kind: 'empty' });
    expect((await host.machine.run(['systemctl', 'is-failed', 'slipway-app@blue.service'])).stdout).toBe('inactive\n');
  });

  test('throws, and blames no release, when the metadata guard is not there', async () => {
    const guard = await host.change(
      'slipway-metadata-guard.service',
      '[Service]\nExecStart=\nExecStart=/bin/false\n[Unit]\nRefuseManualStop=no\n',
    );
    await host.machine.must(['systemctl', 'stop', 'slipway-metadata-guard.service']);
    await expect(start('one')).rejects.toThrow(/unit|slot blue/);
    expect(await host.supervisor.inspect('blue')).toEqual({ kind: 'empty' });
    await guard.undo();
    expect(await start('one')).toEqual({ kind: 'started' });
  });

  test('the control socket knows a closed list of requests, and is for the agent alone', async () => {
    for (const line of [
      'start ssh',
      'start blue.service',
      'start ../blue',
      'stop',
      '',
      'start blue; id',
      'start blue green',
      'x'.repeat(10_000),
    ])
      expect(await host.control('slipway', line)).toMatch(/^failed /);
    for (const user of ['slipway-app', 'slipway-proxy']) expect(await host.control(user, 'kill blue')).toBe('EACCES');
    expect(await host.control('slipway', 'kill blue')).toBe('ok');
  });

  test('a look costs next to nothing, a start and a stop little', async () => {
    const times: Record<string, number> = {};
    for (const name of ['one', 'two', 'one', 'two']) {
      const since = performance.now();
      await start(name);
      times[`start ${Object.keys(times).length}`] = Math.round(performance.now() - since);
    }
    times['look, µs of processor time'] = Math.round(await host.measureLook('blue', 500));
    await answers('blue');
    const since = performance.now();
    await host.supervisor.stop('blue', 5_000);
    times['stop'] = Math.round(performance.now() - since);
    console.log('milliseconds through the control socket', times);
    // 0.5 % of a core is 5,000 µs a second; there are two looks in a second.
    expect(times['look, µs of processor time']).toBeLessThan(1_000);
  });
});
