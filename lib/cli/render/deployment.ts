/** How a deployment ended: in one sentence, then host by host. */
import type { DeploymentRecord } from '../../contract/deployment-record.ts';
import type { Environment } from '../../contract/environment.ts';
import { shortDigest } from '../../contract/names.ts';
import type { Deployment } from '../../delivery/deployment.ts';
import type { DeploymentFacts } from '../documents.ts';
import type { HostView } from '../../delivery/wait.ts';
import { size } from './bytes.ts';
import { detailLines, hostRows } from './hosts.ts';
import { wrap } from './layout.ts';
import { deploymentMarks, type Mark } from './marks.ts';
import type { Paint } from './paint.ts';
import { duration } from './time.ts';

export interface Ending {
  readonly environment: string;
  readonly mode: Environment['delivery']['mode'];
  readonly record: DeploymentRecord;
  readonly hosts: readonly HostView[];
  readonly nowMs: number;
}

export interface DeploymentPicture extends DeploymentFacts {
  readonly mode: Ending['mode'];
  readonly nowMs: number;
}

export function renderDeployment(picture: DeploymentPicture, paint: Paint): string {
  const { environment, mode, deployment, prepareSeconds, nowMs } = picture;
  const { kind, desired, record, hosts, stacks, published, seconds } = deployment;
  const end =
    record === null
      ? unwaited(environment, desired.generation, kind, paint)
      : endingLines({ environment, mode, record, hosts, nowMs }, paint);
  const facts = [
    stacks === 'unchanged' ? 'stacks unchanged' : `stacks ${said[stacks]} ${duration(seconds.stacks)}`,
    `${size(published.bytes)} sent`,
    ...(kind === 'finished' && stacks !== 'rolled-back' ? [`hosts after ${duration(seconds.wait)}`] : []),
    `${duration(prepareSeconds + seconds.total)} in all`,
  ];
  return `${[...end, `  ${paint('dim', facts.join(' · '))}`].join('\n')}\n`;
}

const said = { deployed: 'deployed in', 'rolled-back': 'went back after' } as const;

export function renderEnding(ending: Ending, paint: Paint): string {
  return `${endingLines(ending, paint).join('\n')}\n`;
}

function endingLines({ environment, mode, record, hosts, nowMs }: Ending, paint: Paint): string[] {
  const rows = hostRows(hosts, nowMs, paint);
  // Nobody looked at the hosts just now: what they said then stands in the record.
  const isRowsStory = rows.length > 0 && !(mode === 'push' && record.outcome === 'rejected');
  const isExplained = isRowsStory || record.outcome === 'confirmed' || record.outcome === 'superseded';
  return [
    ...rows,
    ...(rows.length > 0 ? [''] : []),
    ...markedLines(deploymentMarks[record.outcome], sentence(environment, mode, record), paint),
    ...(isExplained ? [] : detailLines(record.detail).map((line) => paint('dim', line))),
    ...todos[record.outcome](environment).flatMap((todo) => wrap(todo, { first: '  → ', indent: '    ' })),
  ];
}

function sentence(environment: string, mode: Ending['mode'], record: DeploymentRecord): string {
  const { outcome, generation, release, commit, hosts, detail } = record;
  const what = `release ${shortDigest(release)} of commit ${shortDigest(commit)}`;
  // In push mode no machine goes back: CloudFormation does, and may have got to none; the record says what serves.
  const refused = hosts.rejected === 0 ? `Rejected: ${what}` : `Rejected: ${counted(hosts.rejected)} refused ${what}`;
  const sentences: Readonly<Record<DeploymentRecord['outcome'], string>> = {
    confirmed: `${environment} serves ${what}: confirmed by ${counted(hosts.converged)} (generation ${generation}).`,
    rejected: mode === 'pull' ? `${refused} and went back.` : `${refused}.`,
    held: `Held: ${what} waits on ${counted(hosts.held)}.`,
    superseded: `Superseded: ${detail}.`,
    'timed-out': `Not decided in time: ${hosts.converged} confirmed, ${hosts.progressing + hosts.stale} on the way, ${hosts.unreachable} silent.`,
  };
  return sentences[outcome];
}

function counted(hosts: number): string {
  return `${hosts} ${hosts === 1 ? 'host' : 'hosts'}`;
}

const todos: Readonly<Record<DeploymentRecord['outcome'], (environment: string) => readonly string[]>> = {
  confirmed: () => [],
  rejected: (name) => [
    'mend it by a commit',
    `or go back: slipway rollback -e ${name} --reason TEXT`,
    `or try the same again: slipway deploy -e ${name} --retry`,
  ],
  held: (name) => [`what holds it: slipway status -e ${name}`],
  superseded: (name) => [`follow the newer one: slipway wait -e ${name}`],
  'timed-out': (name) => [`what became of it: slipway status -e ${name}`, `wait longer: slipway wait -e ${name}`],
};

function unwaited(environment: string, generation: number, kind: Deployment['kind'], paint: Paint): string[] {
  const says =
    kind === 'nothing-to-do'
      ? `Nothing to do: generation ${generation} says this already.`
      : `Written as generation ${generation}; its hosts take it up within seconds.`;
  return [
    ...markedLines({ sign: '✓', style: 'green' }, says, paint),
    `  → how it ends: slipway wait -e ${environment}`,
  ];
}

function markedLines({ sign, style }: Mark, says: string, paint: Paint): string[] {
  const [first = '', ...rest] = wrap(says, { indent: '  ' });
  return [`${paint(style, sign)} ${paint('bold', first.trimStart())}`, ...rest.map((line) => paint('bold', line))];
}
