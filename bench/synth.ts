/**
 * How long the synthesis of all environments takes, validation included: as this repository runs it, and as `cdk init` sets an
 * app up, with ts-node that checks types. The median of three runs each, taken in turn. Fails above a third.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const rounds = 3;
const allowedRatio = 1 / 3;
const root = join(__dirname, '..');
const output = mkdtempSync(join(tmpdir(), 'slipway-bench-'));

function secondsOf(command: readonly string[], project: string): number {
  const started = performance.now();
  const { status, stderr } = spawnSync('node', command, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, TS_NODE_PROJECT: join(root, project), CDK_OUTDIR: output },
  });
  if (status !== 0) throw new Error(`synthesizing by node ${command.join(' ')}: it ended with ${status}: ${stderr}`);
  return (performance.now() - started) / 1000;
}

const median = (seconds: readonly number[]) => seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)] ?? 0;

const ours: number[] = [];
const typeChecked: number[] = [];
try {
  for (let round = 0; round < rounds; round += 1) {
    ours.push(secondsOf(['bin/infra.cjs'], 'tsconfig.json'));
    typeChecked.push(secondsOf(['--require', 'ts-node/register', 'bin/infra.ts'], 'bench/tsconfig.json'));
  }
} finally {
  rmSync(output, { recursive: true, force: true });
}
const ratio = median(ours) / median(typeChecked);
console.log(`synth of all environments, validated:  ${median(ours).toFixed(1)} s`);
console.log(`the same with type check by ts-node:   ${median(typeChecked).toFixed(1)} s`);
console.log(`ratio: ${ratio.toFixed(2)} (at most ${allowedRatio.toFixed(2)})`);
if (ratio > allowedRatio) process.exitCode = 1;
