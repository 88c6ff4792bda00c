/** Holds a deploy to what Git says: the stacks and the release come from one commit, and from nothing beside it. */
import { DeliveryError } from './delivery-error.ts';
import { dirtyFiles, type GitOptions, resolveCommit } from './git.ts';

const shown = 5;

/** Throws `DeliveryError` `dirty-tree`, naming the files below `folder` that no commit holds; `''` is the whole tree. */
export async function requireCommitted(folder: string, todo: string, git: GitOptions): Promise<void> {
  await resolveCommit('HEAD', git);
  const files = await dirtyFiles(folder, git);
  if (files.length === 0) return;
  const more = files.length > shown ? ` and ${files.length - shown} more` : '';
  throw new DeliveryError('dirty-tree', {
    tried: folder === '' ? 'deploying HEAD' : `building '${folder}' from HEAD`,
    wrong: `not committed: ${files.slice(0, shown).join(', ')}${more}`,
    todo,
  });
}
