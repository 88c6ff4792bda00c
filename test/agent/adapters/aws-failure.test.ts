import { AwsError } from '../../../lib/agent/adapters/aws-error.ts';
import { unavailable } from '../../../lib/agent/adapters/aws-failure.ts';

const answer = (awsCode: string, status?: number) => new AwsError('it said so', { awsCode, status });
const broken = (name: string, code?: string) => Object.assign(new Error('it broke'), { name, code });

describe('S9: what an AWS call failed with', () => {
  it.each([
    ['missing-bucket', answer('NoSuchBucket', 404)],
    ['throttled', answer('SlowDown', 503)],
    ['throttled', answer('Unknown', 429)],
    ['throttled', answer('ThrottlingException', 400)],
    ['denied', answer('AccessDenied', 403)],
    ['denied', answer('AccessDeniedException', 400)],
    ['denied', answer('CredentialsUnavailable')],
    ['server', answer('InternalError', 500)],
    ['server', answer('PermanentRedirect', 301)],
    ['timeout', broken('TimeoutError', 'ETIMEDOUT')],
    ['timeout', broken('AbortError')],
    ['network', broken('Error', 'ECONNRESET')],
    ['network', broken('Error', 'ECONNREFUSED')],
    ['network', 'not even an error'],
  ])('is %s', (cause, error) => {
    const { detail, ...rest } = unavailable('read s3://b/k', error);
    expect(rest).toEqual({ kind: 'unavailable', cause });
    expect(detail).toMatch(/^read s3:\/\/b\/k: /);
  });
});
