/** Delivery by pull: stacks if they differ, then the desired state; hosts take it up by themselves. */
import type { Delivered, Scene } from './deployment.ts';
import { finish } from './finish.ts';
import { bringInfrastructure } from './infrastructure.ts';
import { stopwatch } from './stopwatch.ts';
import { tellHosts } from './tell-hosts.ts';

export async function deployByPull(scene: Scene): Promise<Delivered> {
  const { options, store, clock } = scene;
  const timer = stopwatch(clock);
  const stacks = await bringInfrastructure({ ...options, store, commit: options.build.commit, clock });
  const stackSeconds = timer.lap();
  const told = await tellHosts(scene);
  const ending = await finish(scene, told);
  return { told, stacks, ...ending, seconds: { stacks: stackSeconds, wait: timer.lap() } };
}
