/** Which environments the CDK command line asked for by `-c environment=NAME`; without it, all. */
import type { Environment } from '../contract/environment.ts';

export class InfraError extends Error {
  override readonly name = 'InfraError';
  readonly code = 'unknown-environment';
}

/** Throws {@link InfraError}. */
export function selectEnvironments(environments: readonly Environment[], wanted: unknown): readonly Environment[] {
  if (wanted === undefined) return environments;
  const selected = environments.filter(({ name }) => name === wanted);
  if (selected.length > 0) return selected;
  const known = environments.map(({ name }) => name).join(', ');
  throw new InfraError(
    `synthesizing by -c environment: no such environment (got ${JSON.stringify(wanted)}); name one of ${known}`,
  );
}
