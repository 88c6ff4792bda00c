/** A release, as the one who built or published it sees it. */
import type { Build } from '../../delivery/build.ts';
import type { Published } from '../../delivery/publish.ts';
import { shortDigest } from '../../contract/names.ts';
import { size } from './bytes.ts';
import type { Paint } from './paint.ts';
import { duration } from './time.ts';

export function renderBuild({ digest, manifest, commit, cached, seconds }: Build, paint: Paint): string {
  const { app, runtime } = manifest;
  const how = cached ? 'found: the same source was built before' : `built in ${duration(seconds)}`;
  return [
    `${paint('bold', 'release')}  ${digest}`,
    `  commit   ${shortDigest(commit)}`,
    `  app      ${shortDigest(app.sha256)}  ${size(app.size)}`,
    `  runtime  ${shortDigest(runtime.sha256)}  ${size(runtime.size)}  Node.js ${runtime.version} for ${runtime.os}-${runtime.cpu}`,
    `  ${paint('dim', how)}`,
    '',
  ].join('\n');
}

export function renderPublished({ uploaded, present, bytes }: Published, bucket: string, paint: Paint): string {
  const sent = uploaded === 0 ? 'nothing to send' : `${uploaded} sent (${size(bytes)})`;
  return `${paint('green', '✓')} ${sent}, ${present} there before, in s3://${bucket}\n`;
}
