/** All that an agent is made of: who it is, and its ports. */
import type { Pins } from '../contract/desired-state.ts';
import type { Random } from './pause.ts';
import type {
  BlobDirectory,
  Clock,
  DesiredStateSource,
  DurableFile,
  HealthProbe,
  Log,
  Metrics,
  ParameterSource,
  Proxy,
  ReleaseSource,
  ServiceManager,
  StatusBoard,
  Supervisor,
} from './ports.ts';

export interface AgentPorts {
  readonly source: DesiredStateSource;
  readonly releases: ReleaseSource;
  readonly parameters: ParameterSource;
  readonly board: StatusBoard;
  readonly metrics: Metrics;
  readonly supervisor: Supervisor;
  readonly proxy: Proxy;
  readonly probe: HealthProbe;
  readonly blobs: BlobDirectory;
  readonly stateFile: DurableFile;
  /** Manifests and config values of what this host can start without the network. */
  readonly revisionsFile: DurableFile;
  readonly serviceManager: ServiceManager;
  readonly clock: Clock;
  readonly log: Log;
}

export interface AgentProps {
  readonly service: string;
  readonly environment: string;
  readonly host: string;
  /** As `process.platform` and `process.arch` name it. */
  readonly platform: { readonly os: string; readonly cpu: string };
  /** Of the agent itself. */
  readonly version: string;
  readonly ports: AgentPorts;
  /** How long the connections of a slot that leaves may go on before it is stopped. */
  readonly drainMs: number;
  /** What this machine runs, whatever the desired state says; null: what the desired state says. */
  readonly pinned: Pins | null;
  /** How soon a dead process is noticed while nothing else happens. Default: 1,000. */
  readonly tickMs?: number;
  /** From 0 to 1; for jitter only. */
  readonly random: Random;
}
