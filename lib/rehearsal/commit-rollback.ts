/** Goes back as a person would: the command makes a commit whose tree is an earlier one, and pushes it. */
import { RehearsalError } from './rehearsal-error.ts';
import { slipway } from './runner.ts';
import type { World } from './world.ts';

/** `to`: a commit; null: what was confirmed last. Returns the new commit. Throws `RehearsalError`. */
export async function commitRollback(world: World, to: string | null): Promise<string> {
  const { run, copy, emulator, environment } = world;
  const target = to === null ? [] : ['--to', to];
  const args = ['rollback', '--environment', environment.name, '--reason', 'rehearsed', ...target, '--json'];
  const { exit, complaint } = await slipway(run, copy.path, args, { variables: emulator.variables });
  if (exit.code !== 0) {
    throw new RehearsalError('tour-failed', { tried: 'slipway rollback', wrong: complaint, todo: 'see the logs' });
  }
  await copy.pull();
  return copy.head();
}
