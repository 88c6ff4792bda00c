/** What a deploy takes and gives, whichever way the hosts get the release. */
import type { DeploymentRecord } from '../contract/deployment-record.ts';
import type { DesiredState } from '../contract/desired-state.ts';
import type { Environment } from '../contract/environment.ts';
import type { Platform } from '../contract/runtime-pins.ts';
import type { AgentBundle } from './agent-bundle.ts';
import type { Assembly } from './assembly.ts';
import type { Build } from './build.ts';
import type { Clock } from './clock.ts';
import type { Call, Variables } from './progress.ts';
import type { Published } from './publish.ts';
import type { AwsAccess, Store, Stored } from './store.ts';
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
  /** What the hosts are; null: as the environment says. */
  readonly platform: Platform | null;
  readonly agent: AgentBundle;
  readonly assembly: Assembly;
  /** Who deploys: a person's or a workflow's name. */
  readonly by: string;
  /** Writes a new generation even if nothing changed, so that hosts try again what they rejected. */
  readonly retry: boolean;
  /** Null: the desired state is written, and nobody waits. */
  readonly wait: DeployWait | null;
  readonly clock?: Clock;
}

export interface DeployWait extends Pick<WaitOptions, 'timeoutMs' | 'instances' | 'intervalMs'> {
  /** Default: the environment's smallest number of hosts. */
  readonly minHosts?: number;
}

export interface Deployment {
  /** `nothing-to-do`: the environment was told this before, and how that ended is in `record`. */
  readonly kind: 'nothing-to-do' | 'written' | 'finished';
  readonly desired: DesiredState;
  readonly revision: string;
  /** `rolled-back`: CloudFormation undid the change (push mode). */
  readonly stacks: 'deployed' | 'unchanged' | 'rolled-back';
  readonly published: Published;
  /** Null: nobody waited. */
  readonly record: DeploymentRecord | null;
  /** Empty where nobody waited. */
  readonly hosts: readonly HostView[];
  readonly seconds: {
    readonly publish: number;
    readonly stacks: number;
    readonly wait: number;
    readonly total: number;
  };
}

/** What both ways of delivery work on, once the release is published. */
export interface Scene {
  readonly options: DeployOptions;
  readonly store: Store;
  /** Read before anything was changed: whoever writes from there on makes this deploy the loser. */
  readonly seen: Stored<DesiredState> | undefined;
  readonly clock: Clock;
}

/** What the hosts are told now, whether by this call or before. */
export interface Told {
  readonly desired: DesiredState;
  readonly writtenAt: Date;
  readonly by: string;
  readonly isNew: boolean;
}

export interface Delivered extends Pick<Deployment, 'stacks' | 'record' | 'hosts'> {
  readonly told: Told;
  readonly seconds: Pick<Deployment['seconds'], 'stacks' | 'wait'>;
}
