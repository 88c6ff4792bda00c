/** Fetches manifests and blobs of releases from S3, by digest. */
import { addAbortSignal, type Readable, Transform } from 'node:stream';
import { sha256 } from '../../contract/canonical-json.ts';
import { blobKey, releaseKey } from '../../contract/names.ts';
import { parseReleaseManifest, type ReleaseManifest, releaseManifestSource } from '../../contract/release-manifest.ts';
import type { Fetched, Refused, ReleaseSource } from '../ports.ts';
import { awsCode, unavailable } from './aws-failure.ts';
import { errorMessage } from './error-facts.ts';
import type { S3Bucket } from './s3-bucket.ts';
import { readObject } from './s3-object.ts';

export interface S3ReleasesProps {
  readonly bucket: S3Bucket;
}

export function createS3Releases({ bucket }: S3ReleasesProps): ReleaseSource {
  return {
    async manifest(digest, signal) {
      const key = releaseKey(digest);
      const name = `release manifest s3://${bucket.name}/${key}`;
      const read = await readObject(bucket, { key, ...releaseManifestSource }, signal);
      if (read.kind === 'unavailable') return read;
      if (read.kind === 'too-large') {
        return refused('digest-mismatch', `${name}: has more than ${releaseManifestSource.maxBytes} bytes`);
      }
      if (read.kind !== 'read')
        return refused('release-not-found', `${name}: there is none; publish the release again`);
      return checkManifest(read, digest, name);
    },

    async blob(digest, signal) {
      const key = blobKey(digest);
      const name = `blob s3://${bucket.name}/${key}`;
      try {
        const body = await bucket.get(key, undefined, signal);
        const length = Number(body.headers['content-length'] ?? Number.NaN);
        if (!Number.isSafeInteger(length)) {
          body.destroy();
          throw new TypeError('the answer has no length');
        }
        return { kind: 'fetched', value: exactly(length, body, name, signal), bytes: length };
      } catch (error) {
        if (awsCode(error) === 'NoSuchKey') return refused('blob-not-found', `${name}: there is none; publish again`);
        return unavailable(`read ${name}`, error);
      }
    },
  };
}

function checkManifest(
  { text, bytes }: { readonly text: string; readonly bytes: number },
  digest: string,
  name: string,
): Fetched<ReleaseManifest> {
  const found = sha256(text);
  if (found !== digest) return refused('digest-mismatch', `${name}: its bytes have the digest ${found}`);
  try {
    return { kind: 'fetched', value: parseReleaseManifest(text, name), bytes };
  } catch (error) {
    return refused('release-not-found', `${errorMessage(error)}; this agent cannot read it`);
  }
}

/** The body, which fails unless it has exactly that many bytes, and when the signal aborts. */
function exactly(length: number, body: Readable, name: string, signal: AbortSignal): NodeJS.ReadableStream {
  let seen = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      done(seen > length ? new Error(`${name}: sent more than the ${length} bytes that it announced`) : null, chunk);
    },
    flush(done) {
      done(seen < length ? new Error(`${name}: ended after ${seen} of ${length} bytes`) : null);
    },
  });
  body.once('error', (error) => counted.destroy(error));
  counted.once('close', () => body.destroy());
  addAbortSignal(signal, counted);
  return body.pipe(counted);
}

function refused(reason: Refused['reason'], detail: string): Refused {
  return { kind: 'refused', reason, detail };
}
