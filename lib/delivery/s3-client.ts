/** One way to call S3: with a time limit, the caller's signal, and errors in the delivery's own codes. */
import { S3Client } from '@aws-sdk/client-s3';
import { throwFault } from './store-fault.ts';
import type { AwsAccess } from './store.ts';

export interface S3Call {
  readonly client: S3Client;
  readonly bucket: string;
  /** Runs `work`; throws what it throws as a `DeliveryError`. `tried` is what a message says of it. */
  run<T>(tried: string, signal: AbortSignal, work: (options: { abortSignal: AbortSignal }) => Promise<T>): Promise<T>;
}

/** Milliseconds without a byte, after which a request is given up. */
const silenceMs = 30_000;

export function s3Call(bucket: string, { region, endpoint, credentials }: AwsAccess): S3Call {
  const client = new S3Client({
    region,
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 5_000, socketTimeout: silenceMs },
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(credentials && { credentials }),
  });
  return {
    client,
    bucket,
    async run(tried, signal, work) {
      try {
        // One of its own: the SDK leaves a listener on each signal that it was given.
        return await work({ abortSignal: AbortSignal.any([signal]) });
      } catch (error) {
        return throwFault(error, { tried, region, signal });
      }
    },
  };
}
