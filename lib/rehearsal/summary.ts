/** The last lines: what was measured, as a table, and what an emulator cannot show. */
import type { RehearsalFigures, RehearsalReport } from './report.ts';

export function summaryOf(report: RehearsalReport): readonly string[] {
  const { figures, load, steps } = report;
  const change = steps.find(({ step }) => step === 'good-change')?.deployment;
  return [
    '',
    `Measured (${report.hosts} hosts, ${report.proxy === 'haproxy' ? 'HAProxy' : 'the built-in switch'})`,
    ...table(rowsOf(figures)),
    ...table([
      ['requests', String(load.requests), `p50 ${load.p50Ms.toFixed(1)} ms, p99 ${load.p99Ms.toFixed(1)} ms`],
      ['failed requests', String(load.failed), ''],
    ]),
    ...(change ? record(change) : []),
    ...load.failures
      .slice(0, 10)
      .map(({ at, request, reason }) => `failed at ${new Date(at).toISOString()}: ${request}: ${reason}`),
    ...report.problems,
    '',
    'What this does not show: the emulator checks no IAM policy and no checksum, its machines are processes of',
    'this laptop without systemd, and its times are not those of AWS. Those have tests of their own.',
  ];
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
    ['rejection noticed: never healthy', seconds(rejectionSeconds.neverHealthy), 'its deadline is 4 s'],
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

function record(change: {
  readonly cloudFormationCalls: number;
  readonly publishedBytes: number;
  readonly runtimeBytes: number;
}): readonly string[] {
  const { cloudFormationCalls, publishedBytes, runtimeBytes } = change;
  return table([
    ['change of the app: CloudFormation calls', String(cloudFormationCalls), ''],
    [
      'change of the app: bytes published',
      String(publishedBytes),
      `${runtimeBytes} bytes of runtime published or fetched`,
    ],
  ]);
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
