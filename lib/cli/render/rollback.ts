/** What a rollback did, or would do. */
import { shortDigest } from '../../contract/names.ts';
import type { Rollback } from '../../delivery/rollback.ts';
import { printable } from './layout.ts';
import type { Paint } from './paint.ts';

export function renderRollback(environment: string, { from, to, commit, message }: Rollback, paint: Paint): string {
  const [target, tip] = [shortDigest(to), shortDigest(from)];
  const says =
    commit === null
      ? `Would put ${environment} back from ${tip} to the tree of ${target}, by this commit:`
      : `${environment} is at ${shortDigest(commit)}: the tree of ${target}, after ${tip}.`;
  const quoted = printable(message).split('\n');
  const indented = quoted.map((line) => (line === '' ? '' : `    ${paint('dim', line)}`));
  const todo =
    commit === null
      ? 'the same without --dry-run does it'
      : `if nothing deploys pushes: git checkout --detach ${commit} && npx slipway deploy -e ${environment}`;
  return [`${paint('green', '✓')} ${paint('bold', says)}`, '', ...indented, '', `  → ${todo}`, ''].join('\n');
}
