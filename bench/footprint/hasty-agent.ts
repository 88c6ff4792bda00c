/** The real agent on a clock whose pauses are a thousand times shorter while it is told to hurry, by SIGUSR2, and as ever by the next one. */
import { readFileSync } from 'node:fs';
import { awsAccessOf } from '../../lib/agent/adapters/aws-credentials.ts';
import { createJsonLog } from '../../lib/agent/adapters/json-log.ts';
import { systemClock } from '../../lib/agent/adapters/system-clock.ts';
import type { Clock } from '../../lib/agent/ports.ts';
import { runAgent } from '../../lib/agent/run-agent.ts';
import { parseAgentSettings } from '../../lib/contract/agent-settings.ts';

/** Limits to what may hang stay as long as they are: the network is not a thousand times faster. */
const limitsMs = new Set([2_000, 3_000, 4_000, 10_000, 15_000]);
let haste = 1;
process.on('SIGUSR2', () => (haste = haste === 1 ? 1_000 : 1));

const clock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(limitsMs.has(ms) ? ms : ms / haste, signal),
};

const [settingsFile = ''] = process.argv.slice(2);
const settings = parseAgentSettings(readFileSync(settingsFile, 'utf8'), settingsFile);
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
const log = createJsonLog(process.stdout);
void runAgent(
  { settings, version: 'bench', bundle: __filename, access: awsAccessOf(process.env), variables: {}, clock, log },
  stop.signal,
);
