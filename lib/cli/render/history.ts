/** What was deployed, the newest first, and how each ended. */
import { shortDigest } from '../../contract/names.ts';
import type { HistoryEntry } from '../../delivery/history.ts';
import { clip, printable, wrap } from './layout.ts';
import { deploymentMarks } from './marks.ts';
import type { Paint } from './paint.ts';
import { ago, duration } from './time.ts';

export interface HistoryPicture {
  readonly name: string;
  readonly entries: readonly HistoryEntry[];
  readonly nowMs: number;
}

const widths = { commit: 14, release: 14, written: 11, took: 12, outcome: 13, by: 10 };
const header = [
  ' GEN  ',
  'COMMIT'.padEnd(widths.commit),
  'RELEASE'.padEnd(widths.release),
  'WRITTEN'.padEnd(widths.written),
  'TOOK'.padEnd(widths.took),
  'OUTCOME'.padEnd(widths.outcome),
  'BY',
].join('');

export function renderHistory({ name, entries, nowMs }: HistoryPicture, paint: Paint): string {
  if (entries.length === 0) {
    return `Nothing was deployed to ${name} yet.\n  → slipway deploy --environment ${name}\n`;
  }
  const lines = entries.flatMap((entry) => entryLines(entry, nowMs, paint));
  return `${[paint('dim', header), ...lines].join('\n')}\n`;
}

function entryLines(entry: HistoryEntry, nowMs: number, paint: Paint): string[] {
  const { sign, style } = deploymentMarks[entry.outcome];
  const row = [
    `${String(entry.generation).padStart(4)}  `,
    shortDigest(entry.commit).padEnd(widths.commit),
    shortDigest(entry.release).padEnd(widths.release),
    ago(new Date(entry.writtenAt), nowMs).padEnd(widths.written),
    (entry.seconds === null ? '-' : duration(entry.seconds)).padEnd(widths.took),
    paint(style, `${sign} ${entry.outcome}`.padEnd(widths.outcome)),
    clip(printable(entry.by), widths.by),
  ].join('');
  if (entry.outcome === 'confirmed' || entry.detail === '') return [row.trimEnd()];
  const [first = ''] = printable(entry.detail).split('\n');
  return [row.trimEnd(), ...wrap(clip(first, 140), { indent: '      ' }).map((line) => paint('dim', line))];
}
