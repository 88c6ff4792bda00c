/** Translates what the AWS SDK throws into the delivery's own codes, each with what to do. */
import { DeliveryError, type DeliveryErrorCode } from './delivery-error.ts';
import { systemCode } from './system-code.ts';

export interface FaultContext {
  /** `writing s3://bucket/desired.json`. */
  readonly tried: string;
  readonly region: string;
  readonly signal: AbortSignal;
}

type Remedy = readonly [code: DeliveryErrorCode, todo: string];

const noCredentials: Remedy = ['no-credentials', 'log in to the account (`aws sso login`) or set AWS_PROFILE'];
const regionWrong: Remedy = ['region-wrong', 'correct `region` in environments/*.ts: the bucket is in another one'];
const denied: Remedy = [
  'denied',
  'check that you are logged in to the account of the environment, with a role that may',
];
const network: Remedy = ['network', 'check the network, and AWS_ENDPOINT_URL if it is set; then run it again'];
const bucketMissing: Remedy = [
  'bucket-missing',
  'deploy the environment once; if it was, check the account and `service` in environments/index.ts',
];

const remedies: Readonly<Record<string, Remedy>> = {
  NoSuchBucket: bucketMissing,
  AccessDenied: denied,
  AccessDeniedException: denied,
  Forbidden: denied,
  AllAccessDisabled: denied,
  CredentialsProviderError: noCredentials,
  ExpiredToken: noCredentials,
  ExpiredTokenException: noCredentials,
  InvalidAccessKeyId: noCredentials,
  InvalidClientTokenId: noCredentials,
  SignatureDoesNotMatch: noCredentials,
  UnrecognizedClientException: noCredentials,
  TokenRefreshRequired: noCredentials,
  PermanentRedirect: regionWrong,
  AuthorizationHeaderMalformed: regionWrong,
  IllegalLocationConstraintException: regionWrong,
  TimeoutError: network,
  NetworkingError: network,
};
const byStatus: Readonly<Record<number, Remedy>> = { 301: regionWrong, 403: denied };
/** In the code of an error, or in the message where the SDK has wrapped it. */
const networkCodes = /\b(?:ECONN[A-Z]+|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE)\b/;

/** Always throws: the signal's reason, or a `DeliveryError` with the SDK's error as cause. */
export function throwFault(error: unknown, { tried, region, signal }: FaultContext): never {
  signal.throwIfAborted();
  if (error instanceof DeliveryError) throw error;
  const [code, todo] = remedyFor(error);
  const wrong = `${describe(error)} (region '${region}')`;
  throw new DeliveryError(code, { tried, wrong, todo }, { cause: error });
}

export function httpStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}

export function errorName(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  return 'name' in error && typeof error.name === 'string' ? error.name : '';
}

function remedyFor(error: unknown): Remedy {
  const named = remedies[errorName(error)] ?? byStatus[httpStatus(error) ?? 0];
  if (named) return named;
  return networkCodes.test(`${systemCode(error)} ${describe(error)}`)
    ? network
    : ['store-failed', 'run it again; the cause says more'];
}

/** By shape: errors of Node.js itself may come from another realm. */
function describe(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
  const text = message || systemCode(error) || `HTTP ${String(httpStatus(error) ?? 'error')}`;
  const name = errorName(error);
  return name === 'Error' || name === '' ? text : `${name}: ${text}`;
}
