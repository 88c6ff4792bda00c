/** Reads the desired state from its S3 object; the usual answer is 304. */
import type { S3Client } from '@aws-sdk/client-s3';
import { parseDesiredState } from '../../contract/desired-state.ts';
import type { DesiredStateRead, DesiredStateSource } from '../ports.ts';
import { errorMessage } from './error-facts.ts';
import { type ObjectRead, readObject } from './s3-object.ts';

/** What `parseDesiredState` reads at most. */
const maxBytes = 64 * 1024;

export interface S3DesiredStateProps {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
}

export function createS3DesiredState({ client, bucket, key }: S3DesiredStateProps): DesiredStateSource {
  const name = `desired state s3://${bucket}/${key}`;
  // Of the last document that was read to its end, valid or not: an invalid one is told once, not at every poll.
  let knownEtag: string | undefined;
  return {
    async read(signal) {
      const read = await readObject(client, { bucket, key, maxBytes, knownEtag }, signal);
      if (read.kind === 'absent') knownEtag = undefined;
      if (read.kind === 'read' || read.kind === 'too-large') knownEtag = read.etag;
      return interpret(read, name);
    },
  };
}

function interpret(read: ObjectRead, name: string): DesiredStateRead {
  if (read.kind === 'too-large') return { kind: 'invalid', detail: `${name}: has more than ${maxBytes} bytes` };
  if (read.kind !== 'read') return read;
  try {
    return { kind: 'changed', state: parseDesiredState(read.text, name) };
  } catch (error) {
    return { kind: 'invalid', detail: errorMessage(error) };
  }
}
