/** Plugs the real adapters into the agent, as its settings say, and runs it. */
import { join } from 'node:path';
import { type AgentSettings } from '../contract/agent-settings.ts';
import { desiredStateKey } from '../contract/names.ts';
import { createAwsClient } from './adapters/aws-client.ts';
import type { AwsAccess } from './adapters/aws-credentials.ts';
import { createBuiltInProxy } from './adapters/built-in-proxy.ts';
import { createCloudwatchMetrics } from './adapters/cloudwatch-metrics.ts';
import { createDurableFile } from './adapters/durable-file.ts';
import { createHaproxy } from './adapters/haproxy.ts';
import { createHttpHealthProbe } from './adapters/http-health-probe.ts';
import { createProcessSupervisor } from './adapters/process-supervisor.ts';
import { createS3Bucket } from './adapters/s3-bucket.ts';
import { createS3DesiredState } from './adapters/s3-desired-state.ts';
import { createS3Releases } from './adapters/s3-releases.ts';
import { createS3Status } from './adapters/s3-status.ts';
import { createSsmParameters } from './adapters/ssm-parameters.ts';
import { createServiceManager } from './adapters/systemd-notify.ts';
import { createSystemdSupervisor } from './adapters/systemd-supervisor.ts';
import { createUnitControl } from './adapters/unit-control.ts';
import { createUnpackedBlobs } from './adapters/unpacked-blobs.ts';
import { Agent } from './agent.ts';
import { takeAgentLock } from './agent-lock.ts';
import type { AgentPorts } from './agent-props.ts';
import type { Clock, Log } from './ports.ts';

export interface RunAgentProps {
  readonly settings: AgentSettings;
  /** The agent's own file: the built-in proxy is run from it. */
  readonly bundle: string;
  /** Of the agent itself, as hosts report it. */
  readonly version: string;
  readonly access: AwsAccess;
  /** Of the process: systemd tells by them how it wants to be told. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
}

/** `locked`: another agent works in the same folder. */
export async function runAgent(props: RunAgentProps, signal: AbortSignal): Promise<'ended' | 'locked'> {
  const { settings, version } = props;
  const { service, environment, host, pinned, stateDirectory } = settings;
  const lock = await takeAgentLock(stateDirectory);
  if (lock === null) return 'locked';
  const platform = { os: process.platform, cpu: process.arch };
  const ports = portsOf(props);
  const drainMs = settings.drainSeconds * 1_000;
  const who = { service, environment, host, pinned, platform, version };
  // A look each second is most of what an idle agent costs a machine.
  const tick = settings.supervisor === 'systemd' ? { tickMs: 2_000 } : {};
  await new Agent({ ...who, ...tick, ports, drainMs, random: Math.random }).run(signal);
  await lock.release();
  return 'ended';
}

function portsOf({ settings, bundle, access, variables, clock, log }: RunAgentProps): AgentPorts {
  const { host, region, runDirectory, stateDirectory, slots } = settings;
  const client = createAwsClient({ region, access, clock });
  const control = settings.supervisor === 'systemd' ? createUnitControl() : null;
  const slotProps = { runDirectory, stateDirectory, slots, clock };
  const bucket = createS3Bucket({ client, name: settings.bucket });
  return {
    source: createS3DesiredState({ bucket, key: desiredStateKey }),
    releases: createS3Releases({ bucket }),
    parameters: createSsmParameters({ client }),
    board: createS3Status({ bucket, host }),
    metrics: createCloudwatchMetrics({ client, service: settings.service, environment: settings.environment }),
    supervisor:
      control === null ? createProcessSupervisor(slotProps) : createSystemdSupervisor({ ...slotProps, control }),
    proxy:
      settings.proxy === 'haproxy'
        ? createHaproxy({ settings, clock, control })
        : createBuiltInProxy({ settings, agentBundle: bundle, clock }),
    probe: createHttpHealthProbe({ address: slots.address, ports: slots }),
    blobs: createUnpackedBlobs({ directory: join(stateDirectory, 'blobs') }),
    stateFile: createDurableFile(join(stateDirectory, 'state.json')),
    revisionsFile: createDurableFile(join(stateDirectory, 'revisions.json')),
    serviceManager: createServiceManager({ variables, clock, log }),
    clock,
    log,
  };
}
