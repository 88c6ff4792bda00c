/** Sorts what an AWS call can fail with into the few causes that the agent treats differently. */
import type { Unavailable } from '../ports.ts';
import { errorCode, errorMessage, errorName, field } from './error-facts.ts';

const throttlingNames = new Set([
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'ServiceUnavailable',
]);
const deniedNames = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
  'KMSAccessDeniedException',
]);
const timeoutNames = new Set(['TimeoutError', 'AbortError']);
const timeoutCodes = new Set(['ETIMEDOUT', 'ABORT_ERR', 'ESOCKETTIMEDOUT']);
const resetCodes = new Set(['ECONNRESET', 'EPIPE']);

/** HTTP status of the answer; undefined where there was none. */
export function httpStatus(error: unknown): number | undefined {
  const status = field(field(error, '$metadata'), 'httpStatusCode');
  return typeof status === 'number' ? status : undefined;
}

/** `tried` is what the message starts with: `read s3://bucket/key`. */
export function unavailable(tried: string, error: unknown): Unavailable {
  const name = errorName(error);
  const status = httpStatus(error);
  const said = [status, name === 'Error' ? '' : name, errorMessage(error)].filter(Boolean).join(' ');
  return { kind: 'unavailable', cause: causeOf(error, name, status), detail: `${tried}: ${said}` };
}

function causeOf(error: unknown, name: string, status: number | undefined): Unavailable['cause'] {
  if (name === 'NoSuchBucket') return 'missing-bucket';
  if (throttlingNames.has(name) || status === 429 || status === 503) return 'throttled';
  if (deniedNames.has(name) || status === 403 || status === 401) return 'denied';
  return status !== undefined && status >= 300 ? 'server' : connectionCause(name, errorCode(error));
}

function connectionCause(name: string, code: string): 'timeout' | 'network' {
  // The SDK calls a reset connection a TimeoutError.
  if (resetCodes.has(code)) return 'network';
  return timeoutNames.has(name) || timeoutCodes.has(code) ? 'timeout' : 'network';
}
