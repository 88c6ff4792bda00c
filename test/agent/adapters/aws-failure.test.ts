import { unavailable } from '../../../lib/agent/adapters/aws-failure.ts';

const failure = (name: string, httpStatusCode?: number, code?: string) =>
  Object.assign(new Error('it said so'), { name, code, $metadata: { httpStatusCode } });

describe('S9: what an AWS call failed with', () => {
  it.each([
    ['missing-bucket', failure('NoSuchBucket', 404)],
    ['throttled', failure('SlowDown', 503)],
    ['throttled', failure('Unknown', 429)],
    ['throttled', failure('ThrottlingException', 400)],
    ['denied', failure('AccessDenied', 403)],
    ['denied', failure('AccessDeniedException', 400)],
    ['denied', failure('CredentialsProviderError')],
    ['server', failure('InternalError', 500)],
    ['server', failure('PermanentRedirect', 301)],
    ['timeout', failure('TimeoutError', undefined, 'ETIMEDOUT')],
    ['timeout', failure('AbortError')],
    ['network', failure('TimeoutError', undefined, 'ECONNRESET')],
    ['network', failure('Error', undefined, 'ECONNREFUSED')],
    ['network', 'not even an error'],
  ])('is %s', (cause, error) => {
    const { detail, ...rest } = unavailable('read s3://b/k', error);
    expect(rest).toEqual({ kind: 'unavailable', cause });
    expect(detail).toMatch(/^read s3:\/\/b\/k: /);
  });
});
