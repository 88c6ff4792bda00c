/** The CDK app of this repository. `-c environment=dev` synthesizes that environment only. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { environments, promotionOrder, service } from '../environments/index.ts';
import { ContractError } from '../lib/contract/document.ts';
import { parseRuntimePins } from '../lib/contract/runtime-pins.ts';
import { checkEnvironments } from '../lib/contract/validate-environments.ts';
import { bundleAgent } from '../lib/delivery/agent-bundle.ts';
import { DeliveryError } from '../lib/delivery/delivery-error.ts';
import { slipwayApp } from '../lib/infra/app.ts';
import { InfraError } from '../lib/infra/select-environments.ts';

const root = join(__dirname, '..');

/** What is wrong, one line each. */
async function synthesize(): Promise<readonly string[]> {
  const check = checkEnvironments({ service, environments, promotionOrder });
  if (check.kind === 'invalid') return check.problems.map(({ field, problem }) => `${field}: ${problem}`);

  const runtime = parseRuntimePins(readFileSync(join(root, 'environments', 'runtime.json'), 'utf8'));
  const { sha256: bundleSha256 } = await bundleAgent(root);
  const declared = Object.values(check.declared.environments);
  slipwayApp({ service: check.declared.service, environments: declared, bundleSha256, runtime }).synth();
  return [];
}

async function main(): Promise<void> {
  const problems = await synthesize().catch(expectedProblem);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}

/** CDK itself has printed what its validation found. */
function expectedProblem(error: unknown): readonly string[] {
  const isExpected =
    error instanceof ContractError ||
    error instanceof DeliveryError ||
    error instanceof InfraError ||
    (error instanceof Error && error.name === 'ValidationFailed');
  if (isExpected) return [error.message];
  throw error;
}

void main();
