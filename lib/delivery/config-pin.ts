/** Pins the config that the stacks have just stored: version and digest of the SSM parameter. */
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { canonicalJson, sha256 } from '../contract/canonical-json.ts';
import type { Pins } from '../contract/desired-state.ts';
import type { Environment } from '../contract/environment.ts';
import { configParameterName } from '../contract/names.ts';
import { DeliveryError } from './delivery-error.ts';
import { errorName, throwFault } from './store-fault.ts';
import type { AwsAccess } from './store.ts';

export interface ConfigPinOptions {
  readonly service: string;
  readonly environment: Environment;
  readonly aws: AwsAccess;
  readonly signal: AbortSignal;
}

/** Throws `DeliveryError`: `config-mismatch` when the parameter does not hold what the environment's file says. */
export async function readConfigPin(options: ConfigPinOptions): Promise<Pins['config']> {
  const { service, environment } = options;
  const parameter = configParameterName({ service, environment: environment.name });
  const found = await readParameter(parameter, options);
  const expected = canonicalJson(environment.service.config);
  if (found?.value === expected) return { parameter, version: found.version, sha256: sha256(found.value) };
  throw new DeliveryError('config-mismatch', {
    tried: `pinning the config of '${environment.name}' at SSM parameter ${parameter}`,
    wrong: found
      ? 'its value is not what the environment file says: somebody changed it by hand, or the stacks are of another commit'
      : 'there is no such parameter',
    todo: `deploy the stacks again: \`npx cdk deploy '${environment.name}/Config'\``,
  });
}

async function readParameter(parameter: string, { aws, signal }: ConfigPinOptions) {
  const { region, endpoint, credentials } = aws;
  const client = new SSMClient({
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 15_000 },
  });
  try {
    const { Parameter } = await client.send(new GetParameterCommand({ Name: parameter }), { abortSignal: signal });
    return { value: Parameter?.Value ?? '', version: Parameter?.Version ?? 0 };
  } catch (error) {
    if (errorName(error) === 'ParameterNotFound') return undefined;
    return throwFault(error, { tried: `reading SSM parameter ${parameter}`, region, signal });
  }
}
