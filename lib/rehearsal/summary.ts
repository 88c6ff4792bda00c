/** The last lines: what was measured, as a table, and what an emulator cannot show. */
import type { Failure } from './load.ts';
import type { DeploymentFacts } from './measure.ts';
import type { RehearsalFigures, RehearsalReport } from './report.ts';

export function summaryOf(report: RehearsalReport): readonly string[] {
  const { load } = report;
  return [
    '',
    'What this does not show: the emulator checks no IAM policy and no checksum, its machines are processes of',
    'this laptop without systemd, and its times are not those of AWS. Those have tests of their own.',
    ...(report.steps.length > 0 ? tableOf(report) : []),
    ...load.failures.slice(0, shownFailures).map(lineOf),
    ...report.problems.flatMap((problem) => ['', problem]),
  ];
}

const shownFailures = 10;

function tableOf({ figures, load, steps, hosts, proxy }: RehearsalReport): readonly string[] {
  const change = steps.find(({ step }) => step === 'good-change')?.deployment;
  return [
    '',
    `Measured on ${hosts} hosts with ${proxy === 'haproxy' ? 'HAProxy' : 'the built-in switch'}`,
    ...table([
      ...rowsOf(figures),
      ...(change ? rowsOfChange(change) : []),
      ['requests', String(load.requests), `p50 ${load.p50Ms.toFixed(1)} ms, p99 ${load.p99Ms.toFixed(1)} ms`],
      ['failed requests', String(load.failed), ''],
    ]),
  ];
}

function lineOf({ at, request, reason }: Failure): string {
  return `  failed at ${new Date(at).toISOString()}: ${request}: ${reason}`;
}

type Row = readonly [what: string, value: string, note: string];

function rowsOf(figures: RehearsalFigures): readonly Row[] {
  const { rejectionSeconds, rollback } = figures;
  const appStart =
    figures.appStartSeconds === null ? '' : `its start and checks take ${figures.appStartSeconds.toFixed(2)} s of it`;
  return [
    ['first deploy', seconds(figures.firstDeploySeconds), 'stacks, two machines, release confirmed'],
    [
      'change pushed -> all hosts serving it',
      seconds(figures.pushedToServingSeconds),
      'build, synthesis, publishing included',
    ],
    ['change written -> all hosts serving it', seconds(figures.writtenToServingSeconds), appStart],
    ['switch', seconds(figures.switchMs === null ? null : figures.switchMs / 1_000, 4), 'one command to the proxy'],
    ['config written -> all hosts serving it', seconds(figures.configChangeSeconds), ''],
    ['rejection noticed: never healthy', seconds(rejectionSeconds.neverHealthy), 'its deadline is 3 s'],
    [
      'rejection noticed: crash in soak',
      seconds(rejectionSeconds.crashInSoak),
      'it crashes about 2 s after it became healthy',
    ],
    ['rollback, old release still running', seconds(rollback.hotSeconds), 'from the crash; requests are moved at once'],
    [
      'rollback, written -> all hosts serving it',
      seconds(rollback.writtenToServingSeconds),
      'by a commit, the old release started anew',
    ],
    ['rollback, command -> all hosts serving it', seconds(rollback.commandToServingSeconds), 'with the whole delivery'],
    ['machine lost -> its replacement serves', seconds(figures.hostReplacedSeconds), ''],
  ];
}

function rowsOfChange({ cloudFormationCalls, publishedBytes, runtimeBytes }: DeploymentFacts): readonly Row[] {
  return [
    ['CloudFormation calls for that change', String(cloudFormationCalls), ''],
    ['bytes published for it', String(publishedBytes), `${runtimeBytes} bytes of runtime published or fetched`],
  ];
}

function table(rows: readonly Row[]): readonly string[] {
  return rows
    .filter(([, value]) => value !== '')
    .map(([what, value, note]) => `  ${what.padEnd(42)} ${value.padStart(10)}${note && `   ${note}`}`);
}

/** Empty: it was not measured, and has no line. */
function seconds(value: number | null, digits = 2): string {
  return value === null ? '' : `${value.toFixed(digits)} s`;
}
