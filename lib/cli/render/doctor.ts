/** Findings, and under each that is not well its remedy. */
import type { Check } from '../../delivery/doctor.ts';
import { printable, wrap } from './layout.ts';
import type { Mark } from './marks.ts';
import type { Paint } from './paint.ts';

const idWidth = 18;

export function renderDoctor(checks: readonly Check[], paint: Paint): string {
  const missing = checks.filter(({ ok, required }) => !ok && required).length;
  const hints = checks.filter(({ ok, required }) => !ok && !required).length;
  const sums = `${missing} to mend, ${hints} ${hints === 1 ? 'hint' : 'hints'}`;
  const end = missing === 0 ? `${paint('green', '✓')} Fit to deploy` : `${paint('red', '✗')} Not fit to deploy`;
  return `${[...checks.flatMap((check) => checkLines(check, paint)), '', `${end}: ${sums}.`].join('\n')}\n`;
}

function checkLines(check: Check, paint: Paint): string[] {
  const { sign, style } = markOf(check);
  const first = `  ${sign} ${check.id.padEnd(idWidth)}`;
  const found = wrap(printable(check.found), { first, indent: ' '.repeat(first.length) });
  const remedy = check.remedy === '' ? [] : wrap(check.remedy, { first: '      → ', indent: '        ' });
  return [...found.map((line, i) => (i === 0 ? line.replace(sign, paint(style, sign)) : line)), ...remedy];
}

function markOf({ ok, required }: Check): Mark {
  if (ok) return { sign: '✓', style: 'green' };
  return required ? { sign: '✗', style: 'red' } : { sign: '!', style: 'yellow' };
}
