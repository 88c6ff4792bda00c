import { mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { createUnpackedBlobs } from '../../../lib/agent/adapters/unpacked-blobs.ts';
import type { BlobDirectory } from '../../../lib/agent/ports.ts';
import { sha256 } from '../../../lib/contract/canonical-json.ts';
import { archive, type ArchiveItem, tar } from '../../support/archive.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';
import { blobDirectoryContract } from '../contract/blob-directory-contract.ts';

blobDirectoryContract('on disk', async () => {
  const folder = await temporaryFolder();
  return { blobs: createUnpackedBlobs({ directory: folder.path }), dispose: folder.remove };
});

const signal = () => AbortSignal.timeout(15_000);

describe('unpacking a blob', () => {
  let folder: TemporaryFolder;
  let blobs: BlobDirectory;
  beforeEach(async () => {
    folder = await temporaryFolder();
    blobs = createUnpackedBlobs({ directory: join(folder.path, 'blobs') });
  });
  afterEach(() => folder.remove());

  const unpack = (bytes: Buffer, only: readonly string[] | null = null) =>
    blobs.unpack({ sha256: sha256(bytes), size: bytes.length, only }, Readable.from([bytes]), signal());
  const left = async () => readdir(join(folder.path, 'blobs')).catch(() => []);

  it('keeps files, folders, links and the right to execute, and nothing else of the modes', async () => {
    const bytes = await archive([
      { name: './', type: 'directory', mode: 0o700 },
      { name: 'bin/', type: 'directory', mode: 0o700 },
      { name: 'bin/run', mode: 0o700, content: 'run' },
      { name: 'data/deep/file', mode: 0o600, content: 'x'.repeat(100_000) },
      { name: 'empty', content: '' },
      { name: 'bin/link', type: 'symlink', linkname: '../data/deep' },
    ]);
    expect(await unpack(bytes)).toEqual({ kind: 'unpacked' });
    const root = blobs.path(sha256(bytes));
    expect(await readFile(join(root, 'bin/link/file'), 'utf8')).toBe('x'.repeat(100_000));
    expect(await readlink(join(root, 'bin/link'))).toBe('../data/deep');
    const modes = await Promise.all(
      ['bin/run', 'data/deep/file', 'empty'].map(async (file) => (await stat(join(root, file))).mode & 0o7777),
    );
    expect(modes).toEqual([0o755, 0o644, 0o644]);
    expect(await left()).toEqual([sha256(bytes)]);
  });

  it('keeps only the paths that are asked for, and refuses an archive that lacks one', async () => {
    const bytes = await archive([
      { name: 'package/bin/node', content: 'node' },
      { name: 'package/include/huge.h', content: 'x' },
    ]);
    expect(await unpack(bytes, ['package/bin/node', 'package/LICENSE'])).toMatchObject({
      kind: 'refused',
      reason: 'archive-refused',
    });
    expect(await unpack(bytes, ['package/bin/node'])).toEqual({ kind: 'unpacked' });
    expect(await readdir(join(blobs.path(sha256(bytes)), 'package'))).toEqual(['bin']);
  });

  const outside: ArchiveItem = { name: '../outside', content: 'evil' };
  it.each<{ readonly title: string; readonly items: readonly ArchiveItem[] }>([
    { title: 'a path that leaves the folder', items: [outside] },
    { title: 'a path that leaves it in its middle', items: [{ name: 'a/../../outside', content: 'evil' }] },
    { title: 'an absolute path', items: [{ name: '/tmp/outside', content: 'evil' }] },
    { title: 'an absolute link', items: [{ name: 'link', type: 'symlink', linkname: '/etc/passwd' }] },
    { title: 'a link out of the folder', items: [{ name: 'a/link', type: 'symlink', linkname: '../../outside' }] },
    {
      title: 'a link that goes up after it went down',
      items: [{ name: 'a/link', type: 'symlink', linkname: 'x/../../../y' }],
    },
    {
      title: 'a file through a link',
      items: [
        { name: 'link', type: 'symlink', linkname: 'folder' },
        { name: 'link/file', content: 'evil' },
      ],
    },
    {
      title: 'a file in place of a link',
      items: [
        { name: 'link', type: 'symlink', linkname: 'folder' },
        { name: 'link', content: 'evil' },
      ],
    },
    { title: 'a hard link', items: [{ name: 'hard', type: 'link', linkname: '/etc/passwd' }] },
    { title: 'a device', items: [{ name: 'device', type: 'character-device', devmajor: 1, devminor: 3 }] },
    { title: 'a pipe', items: [{ name: 'pipe', type: 'fifo' }] },
    { title: 'a setuid file', items: [{ name: 'su', mode: 0o4755, content: 'evil' }] },
    { title: 'a setgid folder', items: [{ name: 'folder', type: 'directory', mode: 0o2755 }] },
    {
      title: 'the same path twice',
      items: [
        { name: 'twice', content: '1' },
        { name: './twice', content: '2' },
      ],
    },
    {
      title: 'a file below a file',
      items: [
        { name: 'file', content: '1' },
        { name: 'file/below', content: '2' },
      ],
    },
    {
      title: 'a file in place of a folder that is in use',
      items: [
        { name: 'folder/file', content: '1' },
        { name: 'folder', content: '2' },
      ],
    },
    { title: 'a file without a name', items: [{ name: './', type: 'file', content: 'x' }] },
    { title: 'a name that no disk takes', items: [{ name: 'n'.repeat(300), content: 'x' }] },
  ])('A7: refuses $title, and leaves nothing', async ({ items }) => {
    const bytes = await archive([{ name: 'good', content: 'good' }, ...items]);
    expect(await unpack(bytes)).toMatchObject({
      kind: 'refused',
      reason: 'archive-refused',
      detail: expect.stringMatching(/archive/),
    });
    expect(await left()).toEqual([]);
    expect(await readdir(folder.path)).toEqual(['blobs']);
  });

  it('A7: refuses evil entries that it would not even keep', async () => {
    const bytes = await archive([{ name: 'good', content: 'good' }, outside]);
    expect(await unpack(bytes, ['good'])).toMatchObject({ kind: 'refused', reason: 'archive-refused' });
  });

  it('A7: refuses an archive that is made to fill the disk', async () => {
    const bytes = await archive([{ name: 'zeros', content: Buffer.alloc(80 * 1024 * 1024) }]);
    expect(await unpack(bytes)).toMatchObject({
      kind: 'refused',
      reason: 'archive-refused',
      detail: expect.stringMatching(/times its size/),
    });
    expect(await left()).toEqual([]);
  });

  it.each([
    { title: 'what is not gzip', make: async () => Buffer.from('not an archive') },
    { title: 'gzip of what is not tar', make: async () => gzipSync(Buffer.alloc(2048, 'x')) },
    {
      title: 'a tar that ends too early',
      make: async () => gzipSync((await tar([{ name: 'a', content: 'x'.repeat(5_000) }])).subarray(0, 2_000)),
    },
    {
      title: 'a gzip that ends too early',
      make: async () => (await archive([{ name: 'a', content: 'x'.repeat(50_000) }])).subarray(0, 80),
    },
  ])('refuses $title', async ({ make }) => {
    expect(await unpack(await make())).toMatchObject({ kind: 'refused', reason: 'archive-refused' });
    expect(await left()).toEqual([]);
  });

  it('A6: names the digest, not the archive, when broken bytes are not those that were named', async () => {
    const bytes = Buffer.from('not an archive');
    const result = await blobs.unpack(
      { sha256: sha256('other'), size: bytes.length, only: null },
      Readable.from([bytes]),
      signal(),
    );
    expect(result).toMatchObject({ kind: 'refused', reason: 'digest-mismatch' });
  });

  it('A9: stops reading endless data at the size that was named', async () => {
    let given = 0;
    const endless = Readable.from(
      (function* () {
        while (given < 5_000) {
          given += 1;
          yield Buffer.alloc(10_000);
        }
      })(),
    );
    const result = await blobs.unpack({ sha256: sha256('x'), size: 50_000, only: null }, endless, signal());
    expect(result).toMatchObject({ kind: 'refused', reason: 'digest-mismatch' });
    expect(given).toBeLessThan(100);
    expect(endless.destroyed).toBe(true);
  });

  it('S9: is unavailable, not refused, when the stream breaks, and leaves nothing', async () => {
    const bytes = await archive([{ name: 'a', content: 'a' }]);
    const broken = Readable.from(
      (function* () {
        yield bytes.subarray(0, 20);
        throw new Error('connection reset');
      })(),
    );
    const result = await blobs.unpack({ sha256: sha256(bytes), size: bytes.length, only: null }, broken, signal());
    expect(result).toMatchObject({ kind: 'unavailable', cause: 'network' });
    expect(await left()).toEqual([]);
  });

  it('cleans up when it is aborted', async () => {
    const bytes = await archive([{ name: 'a', content: 'a' }]);
    const stuck = new Readable({ read: () => undefined });
    stuck.push(bytes.subarray(0, 20));
    const stop = new AbortController();
    const result = blobs.unpack({ sha256: sha256(bytes), size: bytes.length, only: null }, stuck, stop.signal);
    setImmediate(() => stop.abort());
    expect(await result).toMatchObject({ kind: 'unavailable' });
    expect(await left()).toEqual([]);
  });

  it('removes what an interrupted unpacking left', async () => {
    const bytes = await archive([{ name: 'a', content: 'a' }]);
    await unpack(bytes);
    await mkdir(join(folder.path, 'blobs', `${sha256(bytes)}.tmp-0123`));
    await writeFile(join(folder.path, 'blobs', 'stray'), '');
    await blobs.keepOnly([sha256(bytes)]);
    expect(await left()).toEqual([sha256(bytes)]);
  });

  it('unpacks a blob that is there already without a second look', async () => {
    const bytes = await archive([{ name: 'a', content: 'a' }]);
    await unpack(bytes);
    const unread = new Readable({ read: () => undefined });
    const result = await blobs.unpack({ sha256: sha256(bytes), size: bytes.length, only: null }, unread, signal());
    expect(result).toEqual({ kind: 'unpacked' });
    expect(unread.destroyed).toBe(true);
  });
});
