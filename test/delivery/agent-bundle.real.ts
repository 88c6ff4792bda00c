import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { agentOf, bundleAgent } from '../../lib/delivery/agent-bundle.ts';

const root = join(__dirname, '..', '..');
const hostFiles = join('lib', 'infra', 'assets', 'host');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-bundle-'));
  for (const part of ['bin', 'lib', 'package.json']) cpSync(join(root, part), join(folder, part), { recursive: true });
  // A copy of the packages, as a clone has it, would take seconds.
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Path and mode of each entry. */
async function entriesOf(bundle: Buffer): Promise<readonly string[]> {
  const tar = extract();
  tar.end(gunzipSync(bundle));
  const found: string[] = [];
  for await (const entry of tar) {
    const { name, mode, uid, mtime } = entry.header;
    found.push(`${name} ${mode?.toString(8)} ${uid} ${mtime?.getTime()}`);
    entry.resume();
  }
  return found;
}

test('A1: the bundle made in another folder has the same digest, and the agent names no folder of the machine', async () => {
  const [here, there] = await Promise.all([bundleAgent(root), bundleAgent(folder)]);
  expect((await agentOf(here.contents)).includes(root)).toBe(false);
  expect((await agentOf(there.contents)).includes(folder)).toBe(false);
  expect(there.sha256).toBe(here.sha256);
});

test('A1: modes that a copy lost change nothing: what starts with #! is a program', async () => {
  writeFileSync(join(folder, hostFiles, 'zz-program'), '#!/bin/sh\n');
  writeFileSync(join(folder, hostFiles, 'zz-text'), 'text\n');
  const before = await bundleAgent(folder);
  chmodSync(join(folder, hostFiles, 'zz-program'), 0o600);
  chmodSync(join(folder, hostFiles, 'zz-text'), 0o777);
  const after = await bundleAgent(folder);
  expect(after.sha256).toBe(before.sha256);
  const entries = await entriesOf(after.contents);
  expect(entries.slice(0, 2)).toEqual(['agent.cjs 644 0 0', expect.stringMatching(/^host\/? 755 0 0$/)]);
  expect(entries.slice(-2)).toEqual(['host/zz-program 755 0 0', 'host/zz-text 644 0 0']);
  expect(entries.slice(2)).toEqual(entries.slice(2).toSorted());
});

test('a changed file of the host is another bundle', async () => {
  const before = await bundleAgent(folder);
  const file = join(folder, hostFiles, 'install.sh');
  writeFileSync(file, `${readFileSync(file, 'utf8')}\n`);
  expect((await bundleAgent(folder)).sha256).not.toBe(before.sha256);
});

test('an agent that cannot be bundled is told apart', async () => {
  await expect(bundleAgent(tmpdir())).rejects.toMatchObject({ code: 'build-failed' });
});

test('a repository without the files of a host is told apart', async () => {
  rmSync(join(folder, hostFiles), { recursive: true });
  await expect(bundleAgent(folder)).rejects.toMatchObject({ code: 'build-failed' });
});
