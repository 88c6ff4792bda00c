/** Who the agent is towards AWS: the environment says it (in a rehearsal), else the machine's metadata service. */
import type { Clock } from '../ports.ts';
import { createInstanceCredentials } from './instance-credentials.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface AwsCredentialSource {
  /** Throws `AwsError` with the code `CredentialsUnavailable`. */
  current(): Promise<AwsCredentials>;
}

/** How AWS is reached from here; null: as on any machine of AWS. */
export interface AwsAccess {
  /** Of an emulator. */
  readonly endpoint: string | null;
  readonly metadataEndpoint: string | null;
  readonly credentials: AwsCredentials | null;
}

/** By the variables that all tools for AWS know; an empty one counts as none. */
export function awsAccessOf(variables: Readonly<Record<string, string | undefined>>): AwsAccess {
  const read = (name: string) => variables[name] || null;
  const accessKeyId = read('AWS_ACCESS_KEY_ID');
  const secretAccessKey = read('AWS_SECRET_ACCESS_KEY');
  const sessionToken = read('AWS_SESSION_TOKEN');
  const isGiven = accessKeyId !== null && secretAccessKey !== null;
  return {
    endpoint: read('AWS_ENDPOINT_URL'),
    metadataEndpoint: read('AWS_EC2_METADATA_SERVICE_ENDPOINT'),
    credentials: isGiven ? { accessKeyId, secretAccessKey, ...(sessionToken === null ? {} : { sessionToken }) } : null,
  };
}

export function createCredentialSource(
  { credentials, metadataEndpoint }: AwsAccess,
  clock: Clock,
): AwsCredentialSource {
  if (credentials !== null) return { current: async () => credentials };
  return createInstanceCredentials({ endpoint: metadataEndpoint, clock });
}

/** A service may say back what it was sent, and what it said is logged. */
export function redacted(text: string, { accessKeyId, secretAccessKey, sessionToken }: AwsCredentials): string {
  return [sessionToken, secretAccessKey, accessKeyId]
    .flatMap((one) => (one ? [one] : []))
    .reduce((rest, one) => rest.replaceAll(one, '***'), text);
}
