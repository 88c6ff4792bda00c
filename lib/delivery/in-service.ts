/** Which machines of an environment are in service, by its Auto Scaling group. Whoever may not ask is told so, and goes by the reports alone. */
import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { tagKeys } from '../contract/names.ts';
import { type Clock, systemClock } from './clock.ts';
import { DeliveryError } from './delivery-error.ts';
import type { Progress } from './progress.ts';
import { throwFault } from './store-fault.ts';
import type { AwsAccess } from './store.ts';

export interface InServiceOptions {
  readonly service: string;
  readonly environment: string;
  readonly aws: AwsAccess;
  readonly progress: Progress;
  readonly clock?: Clock;
}

/** Ids (`i-...`); undefined: it cannot be known. */
export type InService = (signal: AbortSignal) => Promise<readonly string[] | undefined>;

/** Waiting looks each second; calls of Auto Scaling are shared by all of the account. */
const answerLastsMs = 5_000;

/** Answers again and again; never throws for what AWS refuses. */
export function findInService({ progress, clock = systemClock, ...place }: InServiceOptions): InService {
  const client = openClient(place.aws);
  let answer: { readonly instances: readonly string[] | undefined; readonly untilMs: number } | null = null;
  let said: string | null = null;
  const tell = (why: string): void => {
    const message = `machines in service are not known, all that report count: ${why}`;
    if (said !== message) progress({ step: 'wait', message });
    said = message;
  };
  return async (signal) => {
    if (answer !== null && clock.now() < answer.untilMs) return answer.instances;
    const asked = await ask(client, place, signal);
    if (asked.kind === 'unknown') tell(asked.why);
    const instances = asked.kind === 'known' ? asked.instances : undefined;
    // What may not be asked now may not be asked in five seconds either.
    answer = { instances, untilMs: asked.kind === 'unknown' && asked.isFinal ? Infinity : clock.now() + answerLastsMs };
    return instances;
  };
}

type Asked =
  | { readonly kind: 'none' }
  | { readonly kind: 'known'; readonly instances: readonly string[] }
  | { readonly kind: 'unknown'; readonly why: string; readonly isFinal: boolean };

type Place = Pick<InServiceOptions, 'service' | 'environment' | 'aws'>;

async function ask(client: AutoScalingClient, place: Place, signal: AbortSignal): Promise<Asked> {
  const { service, environment, aws } = place;
  const tags = { [tagKeys.service]: service, [tagKeys.environment]: environment };
  const Filters = Object.entries(tags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] }));
  try {
    // One of its own: the SDK leaves a listener on each signal that it was given.
    const call = { abortSignal: AbortSignal.any([signal]) };
    const { AutoScalingGroups = [] } = await client.send(new DescribeAutoScalingGroupsCommand({ Filters }), call);
    // Before the first deploy there is none, which is nothing to tell.
    if (AutoScalingGroups.length === 0) return { kind: 'none' };
    const machines = AutoScalingGroups.flatMap(({ Instances = [] }) => Instances);
    const inService = machines.filter(({ LifecycleState }) => LifecycleState === 'InService');
    return { kind: 'known', instances: inService.flatMap(({ InstanceId }) => InstanceId ?? []) };
  } catch (error) {
    return unknown(error, aws.region, signal);
  }
}

/** Throws the signal's reason, if that is why. */
function unknown(cause: unknown, region: string, signal: AbortSignal): Asked {
  try {
    return throwFault(cause, { tried: 'asking Auto Scaling', region, signal });
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    return { kind: 'unknown', why: error.complaint.wrong, isFinal: ['denied', 'no-credentials'].includes(error.code) };
  }
}

function openClient({ region, endpoint, credentials }: AwsAccess): AutoScalingClient {
  return new AutoScalingClient({
    region,
    maxAttempts: 2,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000 },
  });
}
