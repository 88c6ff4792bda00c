/** Brings an environment to a commit: blobs, stacks if they differ, desired state by compare-and-swap, hosts. */
import type { DeploymentRecord } from '../contract/deployment-record.ts';
import type { DesiredState } from '../contract/desired-state.ts';
import type { Environment } from '../contract/environment.ts';
import type { AgentBundle } from './agent-bundle.ts';
import type { Assembly } from './assembly.ts';
import type { Build } from './build.ts';
import type { Clock } from './clock.ts';
import type { Call, Variables } from './progress.ts';
import type { Published } from './publish.ts';
import type { AwsAccess } from './store.ts';
import type { HostView, WaitOptions } from './wait.ts';

export interface DeployOptions extends Call {
  /** Root of the Slipway repository, for the CDK CLI. */
  readonly repository: string;
  readonly service: string;
  readonly environment: Environment;
  readonly aws: AwsAccess;
  /** Of the CDK CLI: credentials, AWS_ENDPOINT_URL. */
  readonly variables: Variables;
  readonly build: Build;
  readonly agent: AgentBundle;
  readonly assembly: Assembly;
  /** Who deploys: a person's or a workflow's name. */
  readonly by: string;
  /** Writes a new generation even if nothing changed, so that hosts try again what they rejected. */
  readonly retry: boolean;
  /** Null: the desired state is written, and nobody waits. */
  readonly wait: (Pick<WaitOptions, 'timeoutMs' | 'instances' | 'intervalMs'> & { readonly minHosts?: number }) | null;
  readonly clock?: Clock;
}

export interface Deployment {
  /** `nothing-to-do`: the environment was told this before, and how that ended is in `record`. */
  readonly kind: 'nothing-to-do' | 'written' | 'finished';
  readonly desired: DesiredState;
  readonly revision: string;
  readonly stacks: 'deployed' | 'unchanged';
  readonly published: Published;
  /** Null: nobody waited. */
  readonly record: DeploymentRecord | null;
  readonly hosts: readonly HostView[];
  readonly seconds: {
    readonly publish: number;
    readonly stacks: number;
    readonly wait: number;
    readonly total: number;
  };
}

/** Throws `DeliveryError`; `conflict` when another deploy won, naming it. */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  options.signal.throwIfAborted();
  throw new Error('not built yet');
}
