/** Brings an environment to a commit: blobs, then stacks, desired state and hosts in the order that its way of delivery asks for. */
import { parseDesiredState, revisionOf } from '../contract/desired-state.ts';
import { desiredStateKey, storeBucketName } from '../contract/names.ts';
import { checkAccount } from './aws-account.ts';
import { systemClock } from './clock.ts';
import { DeliveryError } from './delivery-error.ts';
import { deployByPull } from './deploy-pull.ts';
import { deployByPush } from './deploy-push.ts';
import type { DeployOptions, Deployment, Delivered } from './deployment.ts';
import { ensureStore } from './infrastructure.ts';
import { publish } from './publish.ts';
import { openStore } from './s3-store.ts';
import { stopwatch } from './stopwatch.ts';

/** Throws `DeliveryError`; `conflict` when another deploy won, naming it. */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  const { service, environment, aws, signal } = options;
  const clock = options.clock ?? systemClock;
  const timer = stopwatch(clock);
  refuseOtherPlatform(options);
  await checkAccount(environment, aws, signal);
  const { account, region, name, delivery } = environment;
  const store = openStore(storeBucketName({ service, environment: name, account, region }), aws);
  await ensureStore({ ...options, store, environment: name });
  const seen = await store.read(desiredStateKey, parseDesiredState, signal);
  const published = await publish({ ...options, store, release: options.build });
  const publishSeconds = timer.lap();
  const deliver = delivery.mode === 'push' ? deployByPush : deployByPull;
  const delivered = await deliver({ options, store, seen, clock });
  const { told, stacks, record, hosts } = delivered;
  const { desired } = told;
  const seconds = { publish: publishSeconds, ...delivered.seconds, total: timer.total() };
  return { kind: kindOf(delivered), desired, revision: revisionOf(desired), stacks, published, record, hosts, seconds };
}

function kindOf({ told, record }: Delivered): Deployment['kind'] {
  if (!told.isNew) return 'nothing-to-do';
  return record ? 'finished' : 'written';
}

function refuseOtherPlatform({ environment, build, platform }: DeployOptions): void {
  const { name, hosts } = environment;
  const wanted = platform ?? `linux-${hosts.architecture}`;
  const { os, cpu } = build.manifest.runtime;
  if (wanted === `${os}-${cpu}`) return;
  throw new DeliveryError('wrong-platform', {
    tried: `deploying release ${build.digest.slice(0, 12)} to '${name}'`,
    wrong: `its hosts are ${wanted}, got a release for '${os}-${cpu}'`,
    todo: `build it for ${wanted}`,
  });
}
