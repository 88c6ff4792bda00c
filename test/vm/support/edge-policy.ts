/** What the role of a host may do, as lib/infra's own policy says it: the emulator checks none. */
import type { Identity } from './identities.ts';

export interface PolicyRequest {
  readonly service: string;
  readonly method: string;
  /** Of S3 the decoded path in the bucket with its query, of others the operation. */
  readonly path: string;
}

const operations: Readonly<Record<string, readonly string[]>> = {
  ssm: ['GetParameter', 'GetParameters'],
  monitoring: ['PutMetricData'],
  logs: ['CreateLogStream', 'PutLogEvents', 'DescribeLogStreams'],
};

/** Why it is refused, or null. */
export function findRefusal(asked: PolicyRequest, { instance }: Identity): string | null {
  const { service, method, path } = asked;
  if (service === 's3') return findStoreRefusal(asked, instance);
  // CloudWatch names the operation in the path or in the body, by protocol.
  const isAllowed = operations[service]?.some((name) => path.includes(name)) ?? false;
  if (isAllowed || (service === 'monitoring' && path === '/')) return null;
  return `${service}: ${method} ${path} is not allowed`;
}

const readable = /^\/(?:blobs|releases|status)\/|^\/desired\.json$/;
const listed = /(?:^|&)prefix=status\/(?:&|$)/;

function findStoreRefusal({ method, path }: PolicyRequest, instance: string): string | null {
  const [key = '', query = ''] = path.split('?', 2);
  const ownStatus = new RegExp(`^/status/[A-Za-z0-9]+:${instance}\\.json$`);
  const isAllowed =
    method === 'PUT'
      ? ownStatus.test(key)
      : method === 'GET' && (key === '/' ? listed.test(query) : readable.test(key));
  return isAllowed ? null : `${method} ${path} is not allowed`;
}
