/** What may differ between environments: all of it is data, and every field stands here. */
import type { Freeze, Rollout } from './desired-state.ts';
import type { ImagePin } from './image-pin.ts';

export type EnvironmentName = 'dev' | 'stage' | 'prod';
export type Architecture = 'x64' | 'arm64';

/**
 * How hosts reach AWS and the internet. None lets anything in but the load balancer.
 * - `public`: a public address per host, no inbound rule ($3.65 a month per host)
 * - `endpoints`: no internet at all, interface endpoints for SSM, logs and metrics ($58 a month in two zones)
 * - `nat`: private hosts with outgoing internet ($73 a month in two zones)
 */
export type EgressPreset = 'public' | 'endpoints' | 'nat';

export interface Environment {
  readonly name: EnvironmentName;
  /** Twelve digits. */
  readonly account: string;
  readonly region: string;
  readonly network: {
    readonly cidr: string;
    /** Named, so that synthesis asks nobody; load balancers need two. */
    readonly zones: readonly string[];
    readonly egress: EgressPreset;
    /** CIDR ranges that may reach the load balancer. */
    readonly clientRanges: readonly string[];
  };
  /** HTTPS at this name; null: plain HTTP at the load balancer's own name. */
  readonly domain: { readonly name: string; readonly hostedZoneId: string; readonly certificateArn: string } | null;
  readonly hosts: {
    readonly instanceType: string;
    readonly architecture: Architecture;
    readonly image: ImagePin;
    readonly min: number;
    readonly max: number;
    /** How many zones hosts are placed in: the first ones of `network.zones`. */
    readonly zones: number;
    readonly volumeGiB: number;
  };
  readonly service: {
    /** Where the proxy of each host listens. */
    readonly port: number;
    /** Environment variables, not secret; at most 4 KB in all. */
    readonly config: Readonly<Record<string, string>>;
    /** Names of secrets and the version of the SSM parameter that each is pinned to. */
    readonly secrets: Readonly<Record<string, number>>;
  };
  /** How the load balancer judges a host. */
  readonly health: {
    readonly intervalSeconds: number;
    readonly timeoutSeconds: number;
    readonly healthyThreshold: number;
    readonly unhealthyThreshold: number;
    /** A new host is not replaced for being unhealthy before that. */
    readonly graceSeconds: number;
    /** How long a host that leaves may finish its requests. */
    readonly drainSeconds: number;
  };
  readonly delivery: {
    readonly mode: 'pull' | 'push';
    readonly rollout: Rollout;
    /**
     * How long alarms are watched after all hosts were replaced, before the stack keeps it. The slowest of them looks at three minutes,
     * whose figures come a minute late: below 240 they hardly have a say.
     */
    readonly bakeSeconds: number;
  };
  /** Retains data, protects stacks and the load balancer, and asks for enough hosts to lose a zone. */
  readonly protect: boolean;
  readonly alarms: {
    /** Null: alarms reach the topic only. */
    readonly email: string | null;
    /** Answers with a 5xx status per minute. */
    readonly serverErrorsPerMinute: number;
    /** 99th percentile. */
    readonly latencyMs: number;
  };
  readonly logRetentionDays: number;
  readonly freeze: Freeze | null;
}

/** The address plan of a network has room for that many. */
export const maxZones = 4;

/** Where the two slots of a host listen, on its loopback address. */
export const slotPorts = { blue: 3001, green: 3002 } as const;
