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
export function findRefusal({ service, method, path }: PolicyRequest, { instance }: Identity): string | null {
  if (service !== 's3') {
    // CloudWatch's newer protocols name the operation in the path, its old one in the body.
    const isAllowed = operations[service]?.some((name) => path.includes(name)) ?? false;
    return isAllowed || (service === 'monitoring' && path === '/') ? null : `${service}: ${path} is not allowed`;
  }
  const [key = '', query = ''] = path.split('?', 2);
  if (method === 'PUT') {
    return new RegExp(`^/status/[A-Za-z0-9]+:${instance}\\.json$`).test(key) ? null : `writing ${key} is not allowed`;
  }
  if (method !== 'GET' && method !== 'HEAD') return `${method} is not allowed`;
  if (key === '/') return /(?:^|&)prefix=status\/(?:&|$)/.test(query) ? null : 'listing is allowed below status/ only';
  const isReadable = /^\/(?:blobs|releases|status)\/|^\/desired\.json$/.test(key);
  return isReadable ? null : `reading ${key} is not allowed`;
}
