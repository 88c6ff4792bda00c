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
  /** Of one stack: its CloudFormation parameters; those left out keep their value. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Credentials, AWS_ENDPOINT_URL. */
  readonly variables: Variables;
}

export type StacksDeployed =
  | { readonly kind: 'deployed' }
  /** `isUndone`: CloudFormation went back to what was there before; else nobody knows yet how it ends. */
  | { readonly kind: 'failed'; readonly isUndone: boolean; readonly reason: string };

/** Throws `DeliveryError`. */
export async function deployStacks(options: DeployStacksOptions): Promise<void> {
  const { only } = options;
  const result = await tryStacks(options);
  if (result.kind === 'failed') throw stacksFailed(only, result);
}

export function stacksFailed(
  only: readonly string[] | null,
  { reason, isUndone }: Extract<StacksDeployed, { kind: 'failed' }>,
): DeliveryError {
  return new DeliveryError('stacks-failed', {
    tried: `deploying ${only === null ? 'the stacks' : only.join(', ')}`,
    wrong: reason,
    todo: isUndone
      ? 'correct what it names and deploy again; CloudFormation has gone back to what was there before'
      : 'correct what it names and deploy again: what was begun is taken up',
  });
}

/** What CloudFormation refuses is a result. */
export async function tryStacks(options: DeployStacksOptions): Promise<StacksDeployed> {
  const { assembly, only } = options;
  const selected = only === null ? ['--all'] : [...only.map((name) => assembly.stacks[name] ?? name), '--exclusively'];
  // Change sets make updates of the emulator wait for ever, and nobody looks at them here: the plan was reviewed before.
  const how = ['--method=direct', '--require-approval', 'never', '--ci', '--progress', 'events'];
  const args = ['deploy', '--app', assembly.directory, ...selected, ...how, ...parameterArguments(options)];
  const result = await runCdk(args, { ...options, step: 'stacks' });
  if (result.exitCode === 0) return { kind: 'deployed' };
  const reason = `the CDK CLI ended with ${String(result.exitCode)}\n${failureLines(result)}\n`;
  return { kind: 'failed', isUndone: result.lines.some((line) => undone.test(line)), reason };
}

/** States of a stack that went back, as the CLI names them; its table of events cuts them after twenty characters. */
const undone = /\b(?:UPDATE_)?ROLLBACK_(?:COMP|FAIL)/;

function parameterArguments({ only, parameters = {} }: DeployStacksOptions): readonly string[] {
  return (only ?? []).flatMap((stack) =>
    Object.entries(parameters).flatMap(([name, value]) => ['--parameters', `${stack}:${name}=${value}`]),
  );
}
