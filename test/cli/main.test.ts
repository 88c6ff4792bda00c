import { join } from 'node:path';
import { environments, promotionOrder, service } from '../../environments/index.ts';
import { describeError } from '../../lib/cli/describe-error.ts';
import { DeliveryError } from '../../lib/delivery/delivery-error.ts';
import { run } from './fake-shell.ts';

const unreadable = async (): Promise<unknown> => Promise.reject(new Error('no'));

test('help and version go to standard output and end with 0, without reading the environments', async () => {
  for (const line of ['', '--help', 'deploy -h', '--version']) {
    const { exitCode, stdout, stderr } = await run(line, { loadProject: unreadable });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).not.toBe('');
  }
});

test('C4: wrong words end with 2, one line on standard error, and where to read more', async () => {
  expect(await run('stauts')).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: "slipway: unknown command 'stauts'; did you mean 'status'?\n  → slipway --help\n",
  });
  expect(await run('deploy -e dev --retri')).toMatchObject({
    exitCode: 2,
    stderr: "slipway: unknown option '--retri'; did you mean '--retry'?\n  → slipway deploy --help\n",
  });
});

test.each(['status', 'deploy', 'history', 'wait', 'publish', 'doctor', 'build'])(
  'C4: %s of an unknown environment ends with 2 and names the known ones',
  async (command) => {
    expect(await run(`${command} -e production`)).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: `slipway: unknown environment 'production'; there are dev, stage, prod\n  → slipway ${command} --help\n`,
    });
  },
);

test('C4: an environment that is not named is asked for', async () => {
  expect(await run('status')).toMatchObject({
    exitCode: 2,
    stderr: 'slipway: --environment NAME is missing; there are dev, stage, prod\n  → slipway status --help\n',
  });
});

test('C4: environments that break their contract end with 1, one line for each problem', async () => {
  const dev = { ...environments.dev, account: '12', region: 'nowhere' };
  const loadProject = async (): Promise<unknown> =>
    Promise.resolve({ service, environments: { ...environments, dev }, promotionOrder });
  const { exitCode, stdout, stderr } = await run('status -e dev', { loadProject });
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  const lines = stderr.trimEnd().split('\n');
  expect(lines[0]).toBe('slipway: the environments do not keep to their contract:');
  expect(lines.filter((line) => line.startsWith('  environments.dev.account: '))).toHaveLength(1);
  expect(lines.some((line) => line.startsWith('  environments.dev.region: '))).toBe(true);
});

test('C4: an environment file that does not compile ends with 1 and says which', async () => {
  const place = join(__dirname, '../../environments/dev.ts:5:1');
  const message = `  x Expected ',', got 'ident'\n   ,-[${place}]\n 5 | a x\n\nCaused by:\n    Syntax Error`;
  const loadProject = async (): Promise<unknown> => Promise.reject(new Error(message));
  expect(await run('status -e dev', { loadProject })).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: "slipway: reading environments/dev.ts:5:1: Expected ',', got 'ident'; correct it\n",
  });
});

test('with --json a failure is a document too, and the line for people stays', async () => {
  const { exitCode, stdout, stderr } = await run('status -e dev --json', { loadProject: unreadable });
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout)).toEqual({
    schema: 1,
    command: 'status',
    error: { code: 'environments-unreadable', message: 'reading environments/index.ts: no; correct it' },
  });
  expect(stderr).toBe('slipway: reading environments/index.ts: no; correct it\n');
});

describe('an error for people', () => {
  const signal = new AbortController().signal;
  const known = new DeliveryError('conflict', { tried: 'writing', wrong: 'ada was first', todo: 'look' });

  test('a known one keeps its code and message, without a stack', () => {
    expect(describeError(known, { signal, variables: { SLIPWAY_DEBUG: '1' } })).toEqual({
      code: 'conflict',
      message: 'writing: ada was first; look',
    });
  });

  test('an unknown one says how to see where it arose', () => {
    const { code, message } = describeError(new TypeError('x is not a function'), { signal, variables: {} });
    expect(code).toBe('unexpected');
    expect(message).toBe('TypeError: x is not a function\n  → SLIPWAY_DEBUG=1 shows where it arose');
  });

  test('SLIPWAY_DEBUG=1 shows its stack', () => {
    const { message } = describeError(new TypeError('no'), { signal, variables: { SLIPWAY_DEBUG: '1' } });
    expect(message).toMatch(/\n {4}at /);
  });

  test('a code of Node.js is none of ours', () => {
    const error = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    expect(describeError(error, { signal, variables: {} }).code).toBe('unexpected');
  });

  test('after Ctrl-C nothing else is said', () => {
    const { code } = describeError(known, { signal: AbortSignal.abort(), variables: {} });
    expect(code).toBe('aborted');
  });
});
