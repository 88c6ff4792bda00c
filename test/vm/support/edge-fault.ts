/** What the AWS edge can be told to do wrong, and to whom. */

export type Fault =
  /** 403 AccessDenied. */
  | { readonly kind: 'deny' }
  /** The connection ends without an answer. */
  | { readonly kind: 'drop' }
  /** The connection stays open without an answer. */
  | { readonly kind: 'silence' }
  /** One bit of the answer's body is another. */
  | { readonly kind: 'corrupt' }
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** AWS's clock is that far from the machine's: signatures outside of 15 minutes are refused. */
  | { readonly kind: 'skew'; readonly offsetMs: number }
  /** An error of the service; `code` by default `ServiceUnavailable`. */
  | { readonly kind: 'status'; readonly status: number; readonly code?: string };

/** What is left out matches all. */
export interface FaultMatch {
  readonly service?: string;
  readonly method?: string;
  /** Of S3 the path in the bucket, of others the operation. */
  readonly path?: RegExp;
  /** Name of the machine that asks. */
  readonly machine?: string;
}

export interface Matchable {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly machine: string;
}

export function matches({ service, method, path, machine }: FaultMatch, asked: Matchable): boolean {
  return (
    (service ?? asked.service) === asked.service &&
    (method ?? asked.method) === asked.method &&
    (machine ?? asked.machine) === asked.machine &&
    (path?.test(asked.path) ?? true)
  );
}
