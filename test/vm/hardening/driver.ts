/** Runs on a machine in place of the agent, under its unit: does to the slots what each line of its socket asks, and answers in a line. */
import { createServer, type Socket } from 'node:net';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { createServiceManager } from '../../../lib/agent/adapters/systemd-notify.ts';
import { createSystemdSupervisor } from '../../../lib/agent/adapters/systemd-supervisor.ts';
import { systemClock } from '../../../lib/agent/adapters/system-clock.ts';
import { createUnitControl } from '../../../lib/agent/adapters/unit-control.ts';
import { parseValue } from '../../../lib/contract/document.ts';
import type { Slot } from '../../../lib/contract/host-status.ts';
import { releaseManifestSchema } from '../../../lib/contract/release-manifest.ts';

const slot = v.picklist(['blue', 'green']);
const launch = v.strictObject({
  revision: v.string(),
  release: v.string(),
  manifest: releaseManifestSchema,
  appDirectory: v.string(),
  nodeBinary: v.string(),
  environment: v.record(v.string(), v.string()),
});
const request = v.variant('call', [
  v.strictObject({ call: v.literal('start'), slot, launch }),
  v.strictObject({ call: v.literal('stop'), slot, timeoutMs: v.number() }),
  v.strictObject({ call: v.literal('inspect'), slot }),
  v.strictObject({ call: v.literal('logTail'), slot, maxBytes: v.number() }),
  v.strictObject({ call: v.literal('measure'), slot, times: v.number() }),
]);
export type Request = v.InferOutput<typeof request>;

const runDirectory = '/run/slipway';
const supervisor = createSystemdSupervisor({
  runDirectory,
  stateDirectory: '/var/lib/slipway',
  slots: { address: '127.0.0.1', blue: 8081, green: 8082 },
  clock: systemClock,
  control: createUnitControl(),
});

/** Microseconds of processor time that one look takes. */
async function measure(slot: Slot, times: number): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i += 1) await supervisor.inspect(slot);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

async function answer(asked: Request): Promise<unknown> {
  if (asked.call === 'start') return await supervisor.start(asked.slot, asked.launch);
  if (asked.call === 'stop') return await supervisor.stop(asked.slot, asked.timeoutMs);
  if (asked.call === 'inspect') return await supervisor.inspect(asked.slot);
  if (asked.call === 'logTail') return await supervisor.logTail(asked.slot, asked.maxBytes);
  return await measure(asked.slot, asked.times);
}

function serve(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  const lines = createInterface(socket);
  // It repeats the errors of its socket.
  lines.on('error', () => undefined);
  lines.on('line', (line) => {
    const asked = parseValue(request, JSON.parse(line), 'request');
    void answer(asked).then(
      (value) => socket.write(`${JSON.stringify({ value: value ?? null })}\n`),
      (error: unknown) => socket.write(`${JSON.stringify({ error: String(error) })}\n`),
    );
  });
}

const path = `${runDirectory}/driver.sock`;
rmSync(path, { force: true });
const manager = createServiceManager({
  variables: process.env,
  clock: systemClock,
  log: { write: (level, message, fields) => console.log(level, message, JSON.stringify(fields ?? {})) },
});
createServer(serve).listen(path, () => {
  manager.ready();
  setInterval(() => manager.alive('driven by a test'), 500);
});
