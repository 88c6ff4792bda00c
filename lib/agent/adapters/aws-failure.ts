/** Sorts what an AWS call can fail with into the few causes that the agent treats differently. */
import type { Unavailable } from '../ports.ts';
import { AwsError } from './aws-error.ts';
import { errorCode, errorMessage, errorName } from './error-facts.ts';

const throttlingCodes = new Set([
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'ServiceUnavailable',
]);
const deniedCodes = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'CredentialsUnavailable',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
  'KMSAccessDeniedException',
]);
const timeoutNames = new Set(['TimeoutError', 'AbortError']);
const timeoutCodes = new Set(['ETIMEDOUT', 'ABORT_ERR', 'ESOCKETTIMEDOUT']);

/** HTTP status of the answer; undefined where there was none. */
export function httpStatus(error: unknown): number | undefined {
  return error instanceof AwsError ? error.status : undefined;
}

/** AWS' own word for the error; empty where it said none. */
export function awsCode(error: unknown): string {
  return error instanceof AwsError ? error.awsCode : '';
}

/** `tried` is what the message starts with: `read s3://bucket/key`. */
export function unavailable(tried: string, error: unknown): Unavailable {
  const said = [httpStatus(error), awsCode(error), errorMessage(error)].filter(Boolean).join(' ');
  return { kind: 'unavailable', cause: causeOf(error), detail: `${tried}: ${said}` };
}

export function causeOf(error: unknown): Unavailable['cause'] {
  const code = awsCode(error);
  const status = httpStatus(error);
  if (code === 'NoSuchBucket') return 'missing-bucket';
  if (throttlingCodes.has(code) || status === 429 || status === 503) return 'throttled';
  if (deniedCodes.has(code) || status === 403 || status === 401) return 'denied';
  return status === undefined ? connectionCause(error) : 'server';
}

function connectionCause(error: unknown): 'timeout' | 'network' {
  return timeoutNames.has(errorName(error)) || timeoutCodes.has(errorCode(error)) ? 'timeout' : 'network';
}

/** The same call, made again at once, may succeed. */
export function isTransient(error: unknown): boolean {
  const cause = causeOf(error);
  return cause === 'server' ? (httpStatus(error) ?? 500) >= 500 : cause !== 'denied' && cause !== 'missing-bucket';
}
