/** Pins of machine images: what each was, what it is now, and what to do with the change. */
import type { ImageMove } from '../../delivery/images.ts';
import { printable, wrap } from './layout.ts';
import type { Paint } from './paint.ts';

const indent = ' '.repeat(11);

export function renderImages(moves: readonly ImageMove[], isCheck: boolean, paint: Paint): string {
  const old = moves.filter(({ isOld }) => isOld).length;
  return `${[...moves.flatMap((move) => moveLines(move, paint)), '', ...endLines(old, moves.length, isCheck, paint)].join('\n')}\n`;
}

function moveLines({ environment, before, after, isOld }: ImageMove, paint: Paint): string[] {
  const first = `  ${isOld ? paint('yellow', '!') : paint('green', '✓')} ${environment.padEnd(7)}`;
  if (!isOld) return [`${first}${before.id}  newest`, `${indent}${paint('dim', printable(before.name))}`];
  return [
    `${first}${before.id} → ${paint('bold', after.id)}`,
    `${indent}${paint('dim', printable(before.name))}`,
    `${indent}→ ${printable(after.name)}`,
  ];
}

function endLines(old: number, all: number, isCheck: boolean, paint: Paint): string[] {
  if (old === 0) return [`${paint('green', '✓')} ${paint('bold', 'Every pinned image is the newest of its family.')}`];
  const pins = `${old} of ${all} ${all === 1 ? 'pin' : 'pins'}`;
  if (isCheck)
    return [`${paint('red', '✗')} ${paint('bold', `${pins} ${old === 1 ? 'is' : 'are'} old.`)}`, '  → slipway images'];
  const todo = 'propose the changed files as a pull request: machines are replaced when it is merged and deployed';
  return [
    `${paint('green', '✓')} ${paint('bold', `${pins} moved.`)}`,
    ...wrap(todo, { first: '  → ', indent: '    ' }),
  ];
}
