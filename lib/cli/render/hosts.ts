/** One row per host: how it stands, what it serves, since when, and why where that is not plain. */
import { shortDigest } from '../../contract/names.ts';
import { instanceOf } from '../../delivery/host-view.ts';
import type { HostView } from '../../delivery/wait.ts';
import { clip, printable, wrap } from './layout.ts';
import { hostMarks } from './marks.ts';
import type { Paint } from './paint.ts';
import { ago } from './time.ts';

const header = `    ${'HOST'.padEnd(22)}${'RELEASE'.padEnd(14)}${'SLOT'.padEnd(7)}${'SINCE'.padEnd(13)}OUTCOME`;
const detailIndent = '      ';
const maxDetailLines = 6;

export function hostRows(hosts: readonly HostView[], nowMs: number, paint: Paint): string[] {
  if (hosts.length === 0) return [];
  const sorted = [...hosts].sort((a, b) => (a.host < b.host ? -1 : 1));
  return [paint('dim', header), ...sorted.flatMap((host) => hostRow(host, nowMs, paint))];
}

function hostRow({ host, outcome, detail, status }: HostView, nowMs: number, paint: Paint): string[] {
  const { sign, style } = hostMarks[outcome];
  const { serving } = status;
  const since = serving ? ago(new Date(serving.since), nowMs) : '-';
  const row = [
    `  ${paint(style, sign)} `,
    clip(instanceOf(host), 20).padEnd(22),
    (serving ? shortDigest(serving.release) : '-').padEnd(14),
    (serving?.slot ?? '-').padEnd(7),
    since.padEnd(13),
    paint(style, outcome),
  ].join('');
  if (outcome === 'converged' || detail === '') return [row];
  const lines = detailLines(detail);
  return [row, ...lines.map((line) => paint('dim', line))];
}

/** What a host said, indented, cut to a few lines. */
export function detailLines(detail: string): string[] {
  const lines = printable(detail)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => wrap(line, { indent: detailIndent }));
  const cut = lines.length > maxDetailLines ? [`${detailIndent}… (all of it: --json)`] : [];
  return [...lines.slice(0, maxDetailLines), ...cut];
}
