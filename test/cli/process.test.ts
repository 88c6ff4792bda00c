/** The real process, a few times only: each start costs most of a second. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const entry = join(__dirname, '../../bin/slipway.cjs');

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'slipway-home-'));
});
afterAll(() => rmSync(home, { recursive: true }));

function slipway(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args], {
    cwd: tmpdir(),
    encoding: 'utf8',
    // No credentials from this machine, and none asked of the network.
    env: { PATH: process.env['PATH'], HOME: home, AWS_EC2_METADATA_DISABLED: 'true' },
    timeout: 15_000,
  });
  return { status, stdout, stderr };
}

test('help ends with 0, from any working directory', () => {
  const { status, stdout, stderr } = slipway('--help');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^slipway: merge to an environment's branch/);
});

test('C4: an unknown option ends with 2 and one message', () => {
  expect(slipway('deploy', '--enviroment', 'dev')).toEqual({
    status: 2,
    stdout: '',
    stderr: "slipway: unknown option '--enviroment'; did you mean '--environment'?\n  → slipway deploy --help\n",
  });
});

test('C4: an unknown environment ends with 2 and names those of this repository', () => {
  const { status, stderr } = slipway('status', 'production');
  expect(status).toBe(2);
  expect(stderr).toMatch(/^slipway: unknown environment 'production'; there are dev, stage, prod\n/);
});

test('C4: no credentials: one line, no stack, 1', () => {
  const { status, stdout, stderr } = slipway('status', '-e', 'dev');
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr.trimEnd().split('\n')).toEqual([expect.stringContaining('credentials')]);
});

test('nothing is written to the home of whoever runs it', () => {
  slipway('status', 'production');
  expect(readdirSync(home)).toEqual([]);
});
