/** A run of test machines leaves nothing on the system, however it ends. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../support/until.ts';

const root = join(__dirname, '..', '..');
const runner = join(root, 'test', 'vm', 'run');
const minuteMs = 60_000;
jest.setTimeout(5 * minuteMs);

// Without root there is nothing to leave. CI has root: there, what is missing fails.
const check = spawnSync(runner, ['--check'], { encoding: 'utf8' });
const isPossible = check.status === 0 || process.env['CI'] === 'true';
if (!isPossible) process.stderr.write(`not tried, a run of test machines leaving nothing:\n${check.stderr}`);
const describeWherePossible = isPossible ? describe : describe.skip;

interface Run {
  readonly child: ChildProcess;
  /** Of its control groups. */
  readonly group: string;
  /** In the environment of all that it starts outside of the machines. */
  readonly mark: string;
  readonly said: () => string;
}

function startRun(ending: 'pass' | 'fail' | 'wait'): Run {
  const mark = `SELF_TEST_MARK=${randomUUID()}`;
  const [name = '', value = ''] = mark.split('=');
  const env = { ...process.env, SLIPWAY_SELF_TEST: ending, [name]: value };
  // A group of its own, as a shell gives to what is started at its prompt.
  const child = spawn(runner, ['test/vm/self-test.vm.ts'], {
    cwd: root,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return { child, mark, group: `slipway-vm-${child.pid}-1`, said: () => said };
}

const isUp = ({ said }: Run): boolean => said().includes('the self-test is up');

/** All that a run is made of and is still there. The processes of its machines are in its control groups. */
function leftOf({ mark, group }: Run): readonly string[] {
  const processes = list('/proc').filter((name) => /^\d+$/.test(name) && read(`/proc/${name}/environ`).includes(mark));
  const mounts = read('/proc/self/mounts')
    .split('\n')
    .filter((line) => line.includes('/slipway-vm/'));
  const folders = [tmpdir(), '/run', '/run/netns', join(root, '.slipway', 'cache', 'vm')];
  return [
    ...processes.map((pid) => `process ${pid} ${read(`/proc/${pid}/comm`).trim()}`),
    ...mounts,
    ...['', ...list('/sys/fs/cgroup')].map((name) => join('/sys/fs/cgroup', name, group)).filter(existsSync),
    ...folders.flatMap((folder) =>
      list(folder)
        .filter((name) => name.includes('slipway-vm'))
        .map((name) => join(folder, name)),
    ),
  ];
}

const list = (folder: string): readonly string[] => quietly(() => readdirSync(folder), []);
const read = (file: string): string => quietly(() => readFileSync(file, 'utf8'), '');

/** What ends while it is looked at is not there. */
function quietly<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}

async function expectNothingLeft(run: Run): Promise<void> {
  await until('nothing to be left', () => leftOf(run).length === 0, minuteMs).catch(() => undefined);
  expect(leftOf(run)).toEqual([]);
}

describeWherePossible('a run of test machines leaves no process, mount, control group or folder', () => {
  // Makes the image, if there is none yet.
  beforeAll(async () => {
    const child = spawn(runner, ['--prepare'], { cwd: root, stdio: 'inherit' });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`preparing the test machines: test/vm/run --prepare ended with ${code}`);
  }, 5 * minuteMs);

  test('while it runs, there are some: this test sees them; after it passed, there are none', async () => {
    const run = startRun('wait');
    await until(`the machine: ${run.said()}`, () => isUp(run), minuteMs);
    expect(leftOf(run)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^process/), expect.stringContaining(run.group)]),
    );
    process.kill(run.child.pid ?? 0, 'SIGTERM');
    await expectNothingLeft(run);

    const passing = startRun('pass');
    expect(await once(passing.child, 'exit')).toEqual([0, null]);
    await expectNothingLeft(passing);
  });

  test('after a test failed', async () => {
    const run = startRun('fail');
    expect(await once(run.child, 'exit')).toEqual([1, null]);
    await expectNothingLeft(run);
  });

  test('after Ctrl-C, which reaches the whole group of processes', async () => {
    const run = startRun('wait');
    await until('the machine', () => isUp(run), minuteMs);
    process.kill(-(run.child.pid ?? 0), 'SIGINT');
    expect(await once(run.child, 'exit')).toEqual([130, null]);
    await expectNothingLeft(run);
  });

  test('after SIGKILL of the runner alone', async () => {
    const run = startRun('wait');
    await until('the machine', () => isUp(run), minuteMs);
    process.kill(run.child.pid ?? 0, 'SIGKILL');
    await once(run.child, 'exit');
    await expectNothingLeft(run);
  });
});
