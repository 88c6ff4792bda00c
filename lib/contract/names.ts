/** Every name that two parts must agree on: buckets, keys, parameters, stacks, the path that the load balancer asks. */

export interface EnvironmentIdentity {
  readonly service: string;
  readonly environment: string;
}

export interface StoreIdentity extends EnvironmentIdentity {
  readonly account: string;
  readonly region: string;
}

/** At most 63 characters: `slipway-` 8, service 20, environment 15, account 12, region 14 would be too long, so the region is not in it. */
export function storeBucketName({ service, environment, account }: StoreIdentity): string {
  return `slipway-${service}-${environment}-${account}`;
}

export const desiredStateKey = 'desired.json';
/** Which assembly the stacks were last deployed from. */
export const infrastructureRecordKey = 'infrastructure.json';
export const statusPrefix = 'status/';
export const deploymentPrefix = 'deployments/';

export const blobKey = (sha256: string): string => `blobs/${sha256}`;
export const releaseKey = (digest: string): string => `releases/${digest}.json`;
export const statusKey = (host: string): string => `${statusPrefix}${host}.json`;
/** Ten digits, so that the keys sort by generation. */
export const deploymentKey = (generation: number): string =>
  `${deploymentPrefix}${String(generation).padStart(10, '0')}.json`;

export const configParameterName = ({ service, environment }: EnvironmentIdentity): string =>
  `/${service}/${environment}/config`;
export const secretParameterName = ({ service, environment }: EnvironmentIdentity, name: string): string =>
  `/${service}/${environment}/secret/${name}`;

export const stackKinds = ['network', 'store', 'config', 'service'] as const;
export type StackKind = (typeof stackKinds)[number];
export const stackName = ({ service, environment }: EnvironmentIdentity, kind: StackKind): string =>
  `${service}-${environment}-${kind}`;

/** What `aws ssm start-session --document-name` takes: a shell whose every line is logged. */
export const sessionDocumentName = ({ service, environment }: EnvironmentIdentity): string =>
  `${service}-${environment}-session`;

/** Tags of all that the stacks make: deploy finds the machines by them. */
export const tagKeys = { service: 'slipway:service', environment: 'slipway:environment' } as const;

/** The proxy of a host answers it: 200 while a slot serves, 503 while none does. */
export const hostHealthPath = '/.slipway/health';

/** A digest as people read it. */
export const shortDigest = (digest: string): string => digest.slice(0, 12);
