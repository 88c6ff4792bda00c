/** Entry point of the agent: `node agent.cjs --settings FILE`. Exit codes: 0 ended by a signal, 1 failed, 2 usage, 3 another agent runs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAwsClients } from '../lib/agent/adapters/aws-clients.ts';
import { createBuiltInProxy } from '../lib/agent/adapters/built-in-proxy.ts';
import { runBuiltInProxy } from '../lib/agent/adapters/built-in-proxy-server.ts';
import { createDurableFile } from '../lib/agent/adapters/durable-file.ts';
import { createHaproxy } from '../lib/agent/adapters/haproxy.ts';
import { createHttpHealthProbe } from '../lib/agent/adapters/http-health-probe.ts';
import { createJsonLog } from '../lib/agent/adapters/json-log.ts';
import { createProcessSupervisor } from '../lib/agent/adapters/process-supervisor.ts';
import { createS3DesiredState } from '../lib/agent/adapters/s3-desired-state.ts';
import { createS3Releases } from '../lib/agent/adapters/s3-releases.ts';
import { createS3Status } from '../lib/agent/adapters/s3-status.ts';
import { createSsmParameters } from '../lib/agent/adapters/ssm-parameters.ts';
import { systemClock } from '../lib/agent/adapters/system-clock.ts';
import { createUnpackedBlobs } from '../lib/agent/adapters/unpacked-blobs.ts';
import { Agent } from '../lib/agent/agent.ts';
import { parseAgentArguments, usage } from '../lib/agent/agent-arguments.ts';
import { takeAgentLock } from '../lib/agent/agent-lock.ts';
import type { AgentPorts } from '../lib/agent/agent-props.ts';
import { type AgentSettings, parseAgentSettings } from '../lib/contract/agent-settings.ts';
import { sha256 } from '../lib/contract/canonical-json.ts';
import { desiredStateKey, shortDigest } from '../lib/contract/names.ts';

/** The digest of the bundle itself: it names exactly what runs. */
const version = shortDigest(sha256(readFileSync(__filename)));

function portsOf(settings: AgentSettings): AgentPorts {
  const { bucket, host, region, runDirectory, stateDirectory, slots } = settings;
  const { s3, ssm } = createAwsClients({ region, endpoint: process.env['AWS_ENDPOINT_URL'] });
  const clock = systemClock;
  return {
    source: createS3DesiredState({ client: s3, bucket, key: desiredStateKey }),
    releases: createS3Releases({ client: s3, bucket }),
    parameters: createSsmParameters({ client: ssm }),
    board: createS3Status({ client: s3, bucket, host }),
    supervisor: createProcessSupervisor({ runDirectory, stateDirectory, slots, clock }),
    proxy:
      settings.proxy === 'haproxy'
        ? createHaproxy({ settings, clock })
        : createBuiltInProxy({ settings, agentBundle: __filename, clock }),
    probe: createHttpHealthProbe({ address: slots.address, ports: slots }),
    blobs: createUnpackedBlobs({ directory: join(stateDirectory, 'blobs') }),
    stateFile: createDurableFile(join(stateDirectory, 'state.json')),
    revisionsFile: createDurableFile(join(stateDirectory, 'revisions.json')),
    clock,
    log: createJsonLog(process.stdout),
  };
}

async function runAgent(settings: AgentSettings, signal: AbortSignal): Promise<number> {
  const { service, environment, host, stateDirectory } = settings;
  const lock = await takeAgentLock(stateDirectory);
  if (lock === null) {
    console.error(`agent: start in ${stateDirectory}: another agent works there; stop it first`);
    return 3;
  }
  const platform = { os: process.platform, cpu: process.arch };
  const ports = portsOf(settings);
  await new Agent({ service, environment, host, platform, version, ports, random: Math.random }).run(signal);
  await lock.release();
  return 0;
}

async function main(args: readonly string[]): Promise<number> {
  const command = parseAgentArguments(args);
  if (command.kind === 'usage') {
    console.error(`agent: ${command.problem}; ${usage}`);
    return 2;
  }
  if (command.kind === 'version') {
    console.log(version);
    return 0;
  }
  const settings = parseAgentSettings(readFileSync(command.settingsFile, 'utf8'), command.settingsFile);
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stop.abort());
  if (command.kind === 'run') return await runAgent(settings, stop.signal);
  await runBuiltInProxy(settings, stop.signal);
  return 0;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`agent: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  },
);
