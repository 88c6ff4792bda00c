import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { lastLines, runCommand } from '../../lib/delivery/command.ts';
import { until } from '../support/until.ts';

const options = (change: Partial<Parameters<typeof runCommand>[2]> = {}) => ({
  directory: tmpdir(),
  variables: { PATH: process.env['PATH'], ONLY: 'this' },
  signal: new AbortController().signal,
  ...change,
});
const node = async (script: string, change = {}) => runCommand(process.execPath, ['-e', script], options(change));

/** One that has ended and waits for its parent to look is not alive. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.startsWith('Z');
}

test('both streams are told line by line, and the exit code is a result', async () => {
  const told: string[] = [];
  const script = `console.log('one\\n\\ntwo'); console.error('three'); process.exitCode = 7`;
  const result = await node(script, { onLine: (line: string) => void told.push(line) });
  expect(result).toMatchObject({ exitCode: 7, stdout: 'one\n\ntwo\n' });
  expect(told.sort()).toEqual(['one', 'three', 'two']);
  expect(lastLines({ ...result, lines: ['a', 'b', 'c'] }, 2)).toBe('b\nc');
});

test('C3: the child sees the variables that were handed in and no others', async () => {
  const { stdout } = await node('console.log(Object.keys(process.env).sort().join())');
  expect(stdout.trim()).toBe('ONLY,PATH');
});

test('C3: arguments reach the program as they are, through no shell', async () => {
  const { stdout } = await runCommand(process.execPath, ['-p', 'process.argv[1]', '$(id); `id` "x"'], options());
  expect(stdout.trim()).toBe('$(id); `id` "x"');
});

test('a program that is not there throws', async () => {
  await expect(runCommand('no-such-program', [], options())).rejects.toMatchObject({ code: 'ENOENT' });
});

test('an abort ends the child and its children, whatever they do about SIGTERM', async () => {
  const controller = new AbortController();
  const pids: number[] = [];
  const child = `process.on('SIGTERM', () => {}); console.log(process.pid); setInterval(() => {}, 1000)`;
  const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' }); ${child}`;
  const onLine = (line: string) => {
    pids.push(Number(line));
    if (pids.length === 2) controller.abort(new Error('enough'));
  };
  await expect(node(script, { signal: controller.signal, onLine, patienceMs: 100 })).rejects.toThrow('enough');
  expect(pids).toHaveLength(2);
  await until('both to be gone', async () => Promise.resolve(pids.filter(isAlive).length === 0), 5_000);
});

test('nothing is started after an abort', async () => {
  await expect(node('1', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});
