/** One bucket of S3, as far as the agent uses it: read, write and list. */
import type { IncomingMessage } from 'node:http';
import { AwsError } from './aws-error.ts';
import { type AwsClient, readBody, type ServiceCall } from './aws-client.ts';
import { escaped } from './aws-signature.ts';
import { type Listing, parseListing } from './s3-listing.ts';

const maxListingBytes = 2 * 1024 * 1024;
const maxAnswerBytes = 64 * 1024;

export interface S3BucketProps {
  readonly client: AwsClient;
  readonly name: string;
}

/** Rejects with `AwsError`, or with what the connection said. */
export interface S3Bucket {
  readonly name: string;
  /** Status 304 where the object still has that entity tag; else its body, which must be read. */
  get(key: string, knownEtag: string | undefined, signal: AbortSignal): Promise<IncomingMessage>;
  put(key: string, json: string, signal: AbortSignal): Promise<void>;
  /** A page of the keys with that prefix. `token` is `next` of the page before. */
  list(prefix: string, token: string | null, signal: AbortSignal): Promise<Listing>;
}

export function createS3Bucket({ client, name }: S3BucketProps): S3Bucket {
  // A certificate of S3 covers one label before its name.
  const isInPath = client.isEmulated || name.includes('.');
  const send = (key: string, call: Omit<ServiceCall, 'path'>, signal: AbortSignal) => {
    const object = `/${key.split('/').map(escaped).join('/')}`;
    const place = isInPath ? { path: `/${name}${object}` } : { path: object, subdomain: name };
    return client.send('s3', { ...call, ...place }, signal);
  };

  return {
    name,

    get: (key, knownEtag, signal) =>
      send(key, { method: 'GET', headers: knownEtag === undefined ? {} : { 'if-none-match': knownEtag } }, signal),

    async put(key, json, signal) {
      const headers = { 'content-type': 'application/json' };
      const answer = await send(key, { method: 'PUT', headers, body: json }, signal);
      await readBody(answer, maxAnswerBytes, signal);
    },

    async list(prefix, token, signal) {
      const page = token === null ? {} : { 'continuation-token': token };
      const answer = await send('', { method: 'GET', query: { 'list-type': '2', prefix, ...page } }, signal);
      const body = await readBody(answer, maxListingBytes, signal);
      const listing = body.kind === 'text' ? parseListing(body.text, answer.headers.date ?? '') : null;
      if (listing === null) throw new AwsError('the listing is not what S3 answers', { awsCode: '', status: 502 });
      return listing;
    },
  };
}
