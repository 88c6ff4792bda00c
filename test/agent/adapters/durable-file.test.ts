import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDurableFile } from '../../../lib/agent/adapters/durable-file.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';
import { durableFileContract } from '../contract/durable-file-contract.ts';

const folders: TemporaryFolder[] = [];
const newFolder = async () => {
  const folder = await temporaryFolder();
  folders.push(folder);
  return folder.path;
};
afterAll(() => Promise.all(folders.map((folder) => folder.remove())));

durableFileContract('on disk', async () => createDurableFile(join(await newFolder(), 'deep', 'state.json')));

describe('a durable file on disk', () => {
  it('leaves nothing but itself, readable by its owner only', async () => {
    const folder = await newFolder();
    const file = createDurableFile(join(folder, 'state.json'));
    await Promise.all(Array.from({ length: 20 }, (_, i) => file.write(String(i))));
    expect(await readdir(folder)).toEqual(['state.json']);
    expect((await stat(join(folder, 'state.json'))).mode & 0o777).toBe(0o600);
  });

  it('S4: keeps what was set aside for a person to look at', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, 'state.json'), 'garbage');
    await createDurableFile(join(folder, 'state.json')).setAside();
    expect(await readFile(join(folder, 'state.json.unreadable'), 'utf8')).toBe('garbage');
  });

  it('S7: says what it tried when the disk does not let it, and keeps what was there', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, 'file'), 'not a folder');
    const file = createDurableFile(join(folder, 'file', 'state.json'));
    await expect(file.write('x')).rejects.toMatchObject({ code: 'file-failed' });
    expect(await readdir(folder)).toEqual(['file']);
  });
});
