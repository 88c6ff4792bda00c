/** The cloud assembly of one environment: synthesized by the CDK CLI or handed in as finished files, and its digest. */
import type { EnvironmentName } from '../contract/environment.ts';
import type { Call, Variables } from './progress.ts';

export interface Assembly {
  /** The environment's own assembly: `cdk deploy --app` takes it. */
  readonly directory: string;
  /** Over templates and assets of its stacks, and nothing that names a folder of this machine. */
  readonly digest: string;
  /** As `cdk deploy` selects them, by stack name. */
  readonly stacks: Readonly<Record<string, string>>;
}

export interface SynthesizeOptions extends Call {
  readonly repository: string;
  readonly environment: EnvironmentName;
  readonly service: string;
  /** Where the assembly is written; emptied before. */
  readonly directory: string;
  readonly variables: Variables;
}

/** Throws `DeliveryError`. */
export async function synthesize(options: SynthesizeOptions): Promise<Assembly> {
  options.signal.throwIfAborted();
  throw new Error('not built yet');
}

export interface ReadAssemblyOptions {
  /** The whole assembly, or the environment's part of it. */
  readonly directory: string;
  readonly environment: EnvironmentName;
  readonly service: string;
}

/** Throws `DeliveryError`. */
export async function readAssembly(options: ReadAssemblyOptions): Promise<Assembly> {
  await Promise.resolve(options);
  throw new Error('not built yet');
}
