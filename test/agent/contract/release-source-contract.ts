/** What every source of releases promises. */
import type { ReleaseSource } from '../../../lib/agent/ports.ts';
import { sha256 } from '../../../lib/contract/canonical-json.ts';
import { serializeReleaseManifest } from '../../../lib/contract/release-manifest.ts';
import { releaseManifest } from '../../support/documents.ts';

const signal = () => AbortSignal.timeout(10_000);

export interface ReleaseSourceSubject {
  readonly releases: ReleaseSource;
  /** Stores these bytes as the manifest of that digest, right or wrong. */
  readonly putManifest: (digest: string, text: string) => Promise<void>;
  readonly putBlob: (sha256: string, bytes: Buffer) => Promise<void>;
}

export function releaseSourceContract(name: string, makeSubject: () => Promise<ReleaseSourceSubject>): void {
  describe(`releases of ${name}`, () => {
    it('gives a manifest by its digest', async () => {
      const { releases, putManifest } = await makeSubject();
      const { bytes, digest } = serializeReleaseManifest(releaseManifest());
      await putManifest(digest, bytes);
      const fetched = await releases.manifest(digest, signal());
      expect(fetched).toEqual({ kind: 'fetched', value: releaseManifest(), bytes: bytes.length });
    });

    it('refuses a manifest whose bytes have another digest, before it reads it', async () => {
      const { releases, putManifest } = await makeSubject();
      await putManifest(sha256('something else'), serializeReleaseManifest(releaseManifest()).bytes);
      const fetched = await releases.manifest(sha256('something else'), signal());
      expect(fetched).toMatchObject({ kind: 'refused', reason: 'digest-mismatch' });
    });

    it('refuses what was never published', async () => {
      const { releases } = await makeSubject();
      expect(await releases.manifest(sha256('none'), signal())).toMatchObject({
        kind: 'refused',
        reason: 'release-not-found',
      });
      expect(await releases.blob(sha256('none'), signal())).toMatchObject({
        kind: 'refused',
        reason: 'blob-not-found',
      });
    });

    it('gives a blob as a stream, with its length', async () => {
      const { releases, putBlob } = await makeSubject();
      const bytes = Buffer.alloc(300_000, 'blob');
      await putBlob(sha256(bytes), bytes);
      const fetched = await releases.blob(sha256(bytes), signal());
      if (fetched.kind !== 'fetched') throw new Error(`got ${fetched.kind}: ${fetched.detail}`);
      expect(fetched.bytes).toBe(bytes.length);
      const chunks: Buffer[] = [];
      for await (const chunk of fetched.value) chunks.push(Buffer.from(chunk));
      expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    });
  });
}
