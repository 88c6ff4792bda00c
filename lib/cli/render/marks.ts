/** One mark and one colour per outcome; the word stands beside it, so neither is needed to understand. */
import type { DeploymentOutcome } from '../../contract/deployment-record.ts';
import type { HostOutcome } from '../../contract/host-status.ts';
import type { Verdict } from '../verdict.ts';
import type { Style } from './paint.ts';

export interface Mark {
  readonly sign: string;
  readonly style: Style;
}

const good: Mark = { sign: '✓', style: 'green' };
const bad: Mark = { sign: '✗', style: 'red' };
const under: Mark = { sign: '…', style: 'cyan' };
const paused: Mark = { sign: '‖', style: 'yellow' };
const unsure: Mark = { sign: '?', style: 'yellow' };

export const hostMarks: Readonly<Record<HostOutcome, Mark>> = {
  converged: good,
  rejected: bad,
  progressing: under,
  held: paused,
  unreachable: unsure,
  stale: unsure,
};

export const deploymentMarks: Readonly<Record<DeploymentOutcome | 'unknown', Mark>> = {
  confirmed: good,
  rejected: bad,
  held: paused,
  superseded: { sign: '»', style: 'dim' },
  'timed-out': bad,
  unknown: unsure,
};

export const verdictMarks: Readonly<Record<Verdict['state'], Mark>> = {
  well: good,
  unwell: bad,
  'in-progress': under,
  held: paused,
  empty: unsure,
};
