/** The picture that people look at every day: what the environment was told, what each host does, and whether all is well. */
import type { Environment } from '../../contract/environment.ts';
import { shortDigest } from '../../contract/names.ts';
import type { EnvironmentStatus } from '../../delivery/status.ts';
import { isGone, type Verdict } from '../verdict.ts';
import { hostRows } from './hosts.ts';
import { clip, pageWidth, printable, wrap } from './layout.ts';
import { verdictMarks } from './marks.ts';
import type { Paint } from './paint.ts';
import { ago, duration } from './time.ts';

export interface StatusPicture {
  readonly service: string;
  readonly environment: Pick<Environment, 'name' | 'region' | 'delivery'>;
  readonly status: EnvironmentStatus;
  readonly verdict: Verdict;
  readonly nowMs: number;
}

export function renderStatus(picture: StatusPicture, paint: Paint): string {
  const { hosts } = picture.status;
  const here = hosts.filter((host) => !isGone(host));
  const rows = [...hostRows(here, picture.nowMs, paint), ...goneLine(hosts.length - here.length, paint)];
  const parts = [heading(picture, paint), toldLines(picture, paint), rows, verdictLines(picture.verdict, paint)];
  const blocks = parts.filter((part) => part.length > 0).map((part) => part.join('\n'));
  return `${blocks.join('\n\n')}\n`;
}

function heading({ service, environment: { name, region, delivery } }: StatusPicture, paint: Paint): string[] {
  const left = `${service} in ${name}`;
  const right = `${region} · ${delivery.mode}`;
  return [`${paint('bold', left)}${paint('dim', right.padStart(pageWidth - left.length))}`];
}

function toldLines({ status: { desired, record }, nowMs }: StatusPicture, paint: Paint): string[] {
  if (desired === null) return [];
  const { generation, commit, release, retry } = desired.value;
  const what = [
    `generation ${paint('bold', String(generation))}`,
    `commit ${paint('bold', shortDigest(commit))}`,
    `release ${paint('bold', shortDigest(release))}`,
  ];
  const by = desired.by === null ? '' : ` by ${clip(printable(desired.by), 24)}`;
  const took = record ? duration((Date.parse(record.endedAt) - Date.parse(record.writtenAt)) / 1_000) : '';
  const end = record ? `, ${record.outcome} after ${took}` : '';
  const when = `written ${ago(desired.writtenAt, nowMs)}${by}${end}${retry ? ', a second try' : ''}`;
  return [`  ${what.join('   ')}`, `  ${paint('dim', when)}`];
}

function goneLine(count: number, paint: Paint): string[] {
  if (count === 0) return [];
  return [paint('dim', `    and ${count} silent for over an hour: replaced machines, most likely`)];
}

function verdictLines({ state, says, todo }: Verdict, paint: Paint): string[] {
  const { sign, style } = verdictMarks[state];
  const [first = '', ...rest] = wrap(printable(says), { indent: '  ', width: pageWidth });
  const said = [
    `${paint(style, sign)} ${paint('bold', first.trimStart())}`,
    ...rest.map((line) => paint('bold', line)),
  ];
  return todo === null ? said : [...said, ...wrap(todo, { first: '  → ', indent: '    ' })];
}
