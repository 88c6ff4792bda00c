/** What every folder of unpacked blobs promises. */
import { Readable } from 'node:stream';
import type { BlobDirectory } from '../../../lib/agent/ports.ts';
import { sha256 } from '../../../lib/contract/canonical-json.ts';
import { archive } from '../../support/archive.ts';

const signal = () => AbortSignal.timeout(10_000);

export interface BlobDirectorySubject {
  readonly blobs: BlobDirectory;
  readonly dispose: () => Promise<void>;
}

export function blobDirectoryContract(name: string, makeSubject: () => Promise<BlobDirectorySubject>): void {
  describe(`blob directory ${name}`, () => {
    let subject: BlobDirectorySubject;
    beforeEach(async () => {
      subject = await makeSubject();
    });
    afterEach(() => subject.dispose());

    const unpack = (bytes: Buffer, digest = sha256(bytes), size = bytes.length) =>
      subject.blobs.unpack({ sha256: digest, size, only: null }, Readable.from([bytes]), signal());

    it('has a blob once it was unpacked, not before', async () => {
      const bytes = await archive([{ name: 'a.txt', content: 'a' }]);
      expect(await subject.blobs.has(sha256(bytes))).toBe(false);
      expect(await unpack(bytes)).toEqual({ kind: 'unpacked' });
      expect(await subject.blobs.has(sha256(bytes))).toBe(true);
      expect(subject.blobs.path(sha256(bytes))).toContain(sha256(bytes));
    });

    it('A6: refuses bytes with another digest, and has nothing of them', async () => {
      const bytes = await archive([{ name: 'a.txt', content: 'a' }]);
      const wrong = sha256('another');
      expect(await unpack(bytes, wrong)).toMatchObject({ kind: 'refused', reason: 'digest-mismatch' });
      expect(await subject.blobs.has(wrong)).toBe(false);
    });

    it('A6: refuses bytes of another size', async () => {
      const bytes = await archive([{ name: 'a.txt', content: 'a' }]);
      for (const size of [bytes.length - 1, bytes.length + 1]) {
        expect(await unpack(bytes, sha256(bytes), size)).toMatchObject({ kind: 'refused', reason: 'digest-mismatch' });
      }
      expect(await subject.blobs.has(sha256(bytes))).toBe(false);
    });

    it('keeps only what it is told to', async () => {
      const [one, two] = [await archive([{ name: '1', content: '1' }]), await archive([{ name: '2', content: '2' }])];
      await unpack(one);
      await unpack(two);
      await subject.blobs.keepOnly([sha256(two)]);
      expect([await subject.blobs.has(sha256(one)), await subject.blobs.has(sha256(two))]).toEqual([false, true]);
      await subject.blobs.keepOnly([]);
      expect(await subject.blobs.has(sha256(two))).toBe(false);
    });
  });
}
