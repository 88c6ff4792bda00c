/** Reads the desired state from its S3 object; the usual answer is 304. */
import { parseDesiredState } from '../../contract/desired-state.ts';
import type { DesiredStateRead, DesiredStateSource } from '../ports.ts';
import { errorMessage } from './error-facts.ts';
import type { S3Bucket } from './s3-bucket.ts';
import { type ObjectRead, readObject } from './s3-object.ts';

/** What `parseDesiredState` reads at most. */
const maxBytes = 64 * 1024;

export interface S3DesiredStateProps {
  readonly bucket: S3Bucket;
  readonly key: string;
}

export function createS3DesiredState({ bucket, key }: S3DesiredStateProps): DesiredStateSource {
  const name = `desired state s3://${bucket.name}/${key}`;
  // Of the last document that was read to its end, valid or not: an invalid one is told once, not at every poll.
  let knownEtag: string | undefined;
  return {
    async read(signal) {
      const read = await readObject(bucket, { key, maxBytes, knownEtag }, signal);
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
