/** Deploys stacks of an environment's assembly with the real CDK CLI. */
import type { Assembly } from './assembly.ts';
import { failureLines, runCdk } from './cdk.ts';
import { DeliveryError } from './delivery-error.ts';
import type { Call, Variables } from './progress.ts';

export interface DeployStacksOptions extends Call {
  /** Where the CDK CLI is installed. */
  readonly repository: string;
  readonly assembly: Assembly;
  /** Names of the stacks, without what they depend on; null: all. */
  readonly only: readonly string[] | null;
  /** Credentials, AWS_ENDPOINT_URL. */
  readonly variables: Variables;
}

/** Throws `DeliveryError`. */
export async function deployStacks(options: DeployStacksOptions): Promise<void> {
  const { assembly, only } = options;
  const selected = only === null ? ['--all'] : [...only.map((name) => assembly.stacks[name] ?? name), '--exclusively'];
  // Change sets make updates of the emulator wait for ever, and nobody looks at them here: the plan was reviewed before.
  const how = ['--method=direct', '--require-approval', 'never', '--ci', '--progress', 'events'];
  const result = await runCdk(['deploy', '--app', assembly.directory, ...selected, ...how], {
    ...options,
    step: 'stacks',
  });
  if (result.exitCode === 0) return;
  throw new DeliveryError('stacks-failed', {
    tried: `deploying ${only === null ? 'the stacks' : only.join(', ')}`,
    wrong: `the CDK CLI ended with ${String(result.exitCode)}\n${failureLines(result)}\n`,
    todo: 'correct what it names and deploy again; CloudFormation has gone back to what was there before',
  });
}
