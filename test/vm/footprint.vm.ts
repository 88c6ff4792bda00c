/** What Slipway costs a machine that has nothing to do: memory and processor of the agent and its proxy, at a poll every 5 s. */
import { setTimeout as sleep } from 'node:timers/promises';
import { deployExample, labEnvironment } from './support/example-environment.ts';
import { type Lab, openLab } from './support/lab.ts';
import type { Machine } from './support/machine.ts';

const pollSeconds = 5;
const measuredMs = 30_000;
const ticksPerSecond = 100;
const mebibyte = 1_024;

let lab: Lab;
let machine: Machine;

beforeAll(async () => {
  lab = await openLab();
  const { delivery } = labEnvironment;
  const slow = { ...delivery, rollout: { ...delivery.rollout, pollSeconds } };
  const { userData } = await deployExample(lab, { ...labEnvironment, delivery: slow });
  machine = await lab.boot({ name: 'idle', userData });
  const confirmed = ['journalctl', '--unit=slipway-agent', '--grep', '"step":"confirm"', '--quiet'];
  await machine.until('the release to be confirmed', async () => (await machine.run(confirmed)).code === 0, 90_000);
});
afterAll(async () => lab.close());

interface Use {
  readonly residentKiB: number;
  readonly ticks: number;
}

/** Of all processes of a unit, those that ended included: the agent's helpers live for milliseconds. */
async function useOf(unit: string): Promise<Use> {
  const main = (await machine.must(['systemctl', 'show', unit, '--property=MainPID', '--value'])).trim();
  const pids = (await machine.must(['pgrep', '--parent', main, '--list-name']).catch(() => '')).match(/^\d+/gm) ?? [];
  const all = await Promise.all([main, ...pids].map(useOfProcess));
  return { residentKiB: sum(all.map((use) => use.residentKiB)), ticks: sum(all.map((use) => use.ticks)) };
}

async function useOfProcess(pid: string): Promise<Use> {
  const { stdout } = await machine.run(['cat', `/proc/${pid}/status`, `/proc/${pid}/stat`]);
  const [, resident = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(stdout) ?? [];
  // utime, stime, and those of the children that it waited for: the 14th field to the 17th.
  const fields = stdout
    .slice(stdout.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15);
  return { residentKiB: Number(resident), ticks: sum(fields.map(Number)) };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

test('the agent holds at most 64 MB and takes below 0.5 % of a core; with its proxy it holds less than 100 MB', async () => {
  const before = await useOf('slipway-agent');
  const startedAt = performance.now();
  // Not a wait for something: the span that is measured.
  await sleep(measuredMs);
  const [agent, proxy] = await Promise.all([useOf('slipway-agent'), useOf('slipway-proxy')]);
  const elapsedSeconds = (performance.now() - startedAt) / 1_000;
  const processorPercent = ((agent.ticks - before.ticks) / ticksPerSecond / elapsedSeconds) * 100;
  const agentMiB = agent.residentKiB / mebibyte;
  const allMiB = agentMiB + proxy.residentKiB / mebibyte;
  process.stderr.write(
    `agent ${agentMiB.toFixed(1)} MiB, agent and proxy ${allMiB.toFixed(1)} MiB, agent ${processorPercent.toFixed(2)} % of a core\n`,
  );
  expect(agentMiB).toBeLessThanOrEqual(64);
  expect(allMiB).toBeLessThan(100);
  expect(processorPercent).toBeLessThan(0.5);
});
