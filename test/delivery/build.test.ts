import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { sha256 } from '../../lib/contract/canonical-json.ts';
import { type BuildOptions, build } from '../../lib/delivery/build.ts';
import { type GitRepository, gitRepository } from '../support/git-repository.ts';

const server = { 'service/package.json': '{"main":"server.js"}', 'service/server.js': 'console.log(1)\n' };

let repository: GitRepository;
let folder: string;
let messages: string[];
const runtime = Buffer.from('not really Node.js');
const pin = {
  integrity: `sha512-${createHash('sha512').update(runtime).digest('base64')}`,
  sha256: sha256(runtime),
  size: runtime.length,
};

beforeEach(() => {
  messages = [];
  repository = gitRepository();
  folder = mkdtempSync(join(tmpdir(), 'slipway-build-test-'));
  mkdirSync(join(folder, 'cache', 'runtime'), { recursive: true });
  writeFileSync(join(folder, 'cache', 'runtime', `${pin.sha256}.tgz`), runtime);
});
afterEach(() => {
  repository.remove();
  rmSync(folder, { recursive: true, force: true });
});

const options = (change: Partial<BuildOptions> = {}): BuildOptions => ({
  repository: repository.root,
  commit: null,
  serviceDirectory: 'service',
  service: 'hello',
  runtimePins: { version: '26.10.0', platforms: { 'linux-x64': pin, 'linux-arm64': { ...pin } } },
  platform: 'linux-x64',
  cacheDirectory: join(folder, 'cache'),
  tempDirectory: join(folder, 'temp'),
  variables: { ...repository.variables, AWS_SECRET_ACCESS_KEY: 'secret' },
  signal: new AbortController().signal,
  progress: ({ message }) => void messages.push(message),
  ...change,
});

async function unpack(path: string) {
  const entries: { name: string; mode: number; mtime: number; uid: number; linkname: string; text: string }[] = [];
  const tar = extract();
  tar.end(gunzipSync(readFileSync(path)));
  for await (const entry of tar) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const { name, mode, mtime, uid, linkname } = entry.header;
    const text = Buffer.concat(chunks).toString('utf8');
    entries.push({ name, mode, mtime: mtime?.getTime() ?? -1, uid, linkname: linkname ?? '', text });
  }
  return entries;
}

test('a commit becomes a release that names its tree, its runtime and its start', async () => {
  const commit = repository.commit('first', server);
  const built = await build(options());
  expect(built).toMatchObject({ commit, cached: false, tree: repository.git('rev-parse', 'HEAD^{tree}') });
  expect(built.manifest).toMatchObject({
    service: 'hello',
    source: { tree: repository.git('rev-parse', 'HEAD:service'), lock: sha256('') },
    runtime: { version: '26.10.0', os: 'linux', cpu: 'x64', sha256: pin.sha256 },
    start: ['node', 'server.js'],
  });
  expect(built.digest).toBe(sha256(built.manifestBytes));
  expect(sha256(readFileSync(built.files.app.path))).toBe(built.manifest.app.sha256);
  expect(readdirSync(join(folder, 'temp'))).toEqual([]);
});

test('the app blob holds the committed files alone, in order, without owner, time or umask', async () => {
  repository.write({ ...server, 'service/z/run.sh': '#!/bin/sh\n', '.gitignore': 'ignored\n', 'service/ignored': 'x' });
  chmodSync(join(repository.root, 'service', 'z', 'run.sh'), 0o700);
  symlinkSync('server.js', join(repository.root, 'service', 'link.js'));
  repository.commit('first');
  const { files } = await build(options({ commit: 'HEAD' }));
  expect(await unpack(files.app.path)).toMatchObject([
    { name: 'link.js', linkname: 'server.js', mtime: 0, uid: 0 },
    { name: 'package.json', mode: 0o644, mtime: 0, uid: 0 },
    { name: 'server.js', mode: 0o644, text: 'console.log(1)\n' },
    { name: 'z', mode: 0o755 },
    { name: 'z/run.sh', mode: 0o755 },
  ]);
});

test('A1: another clone in another folder with another commit of the same tree gives the same digest', async () => {
  repository.commit('first', server);
  const one = await build(options());
  const clone = join(folder, 'elsewhere');
  repository.git('clone', '--quiet', '--config', 'core.autocrlf=true', repository.root, clone);
  repository.commit('unrelated', { 'README.md': 'x' });
  const caches = join(folder, 'other');
  mkdirSync(join(caches, 'runtime'), { recursive: true });
  writeFileSync(join(caches, 'runtime', `${pin.sha256}.tgz`), runtime);
  const two = await build(options({ repository: clone, cacheDirectory: caches }));
  expect(two).toMatchObject({ cached: false, digest: one.digest });
});

test('the same tree is built once, and again when its blob is damaged', async () => {
  repository.commit('first', server);
  const first = await build(options());
  expect((await build(options())).cached).toBe(true);
  writeFileSync(first.files.app.path, 'damaged');
  expect(await build(options())).toMatchObject({ cached: false, digest: first.digest });
});

test('a build script runs before packing, with a fixed time zone and date, and without credentials', async () => {
  const script = `require('fs').writeFileSync('out.js', JSON.stringify([process.env.TZ, process.env.SOURCE_DATE_EPOCH, process.env.AWS_SECRET_ACCESS_KEY]))`;
  const json = { main: 'out.js', scripts: { build: 'node make.cjs' } };
  repository.commit('first', { 'service/package.json': JSON.stringify(json), 'service/make.cjs': script });
  const { files } = await build(options());
  const entries = await unpack(files.app.path);
  expect(entries.find(({ name }) => name === 'out.js')?.text).toBe('["UTC","0",null]');
  expect(messages).toContain('running the build script');
});

test("a hook's GIT_DIR does not lead the build astray", async () => {
  const commit = repository.commit('first', server);
  const built = await build(
    options({ variables: { ...repository.variables, GIT_DIR: '/nowhere', GIT_INDEX_FILE: 'x' } }),
  );
  expect(built.commit).toBe(commit);
});

test('a bare repository is as good as a clone where the commit is named', async () => {
  const commit = repository.commit('first', server);
  repository.git('push', '--quiet', 'origin', 'dev');
  expect((await build(options({ repository: repository.remote, commit: 'dev' }))).commit).toBe(commit);
});

test('what is not committed is refused by name, unless the commit is named', async () => {
  repository.commit('first', server);
  repository.write({ 'service/server.js': 'changed', 'service/new file.js': '', 'README.md': 'elsewhere' });
  await expect(build(options())).rejects.toMatchObject({ code: 'dirty-tree' });
  await expect(build(options())).rejects.toThrow('service/server.js, service/new file.js');
  await expect(build(options({ commit: 'HEAD' }))).resolves.toMatchObject({ cached: false });
});

test.each([
  ['no-package-json', { 'service/x': '' }],
  ['no-start', { 'service/package.json': '{}' }],
  ['no-start', { 'service/package.json': '{"main":"missing.js"}' }],
  ['no-lock', { ...server, 'service/package.json': '{"main":"server.js","dependencies":{"a":"1"}}' }],
  ['lock-refused', { ...server, 'service/package-lock.json': '{}' }],
  [
    'build-failed',
    { ...server, 'service/package.json': '{"main":"server.js","scripts":{"build":"node -e \\"throw 42\\""}}' },
  ],
  ['no-package-json', { 'other/x': '' }],
])('a service that cannot run is refused with %s, and nothing is left behind: %j', async (code, files) => {
  repository.commit('first', files);
  await expect(build(options())).rejects.toMatchObject({ code });
  const temp = join(folder, 'temp');
  const left = readdirSync(folder).includes('temp') ? readdirSync(temp) : [];
  expect(left).toEqual([]);
});

test('a link out of the service is refused', async () => {
  repository.write(server);
  symlinkSync('../../secret', join(repository.root, 'service', 'link'));
  repository.commit('first');
  await expect(build(options())).rejects.toMatchObject({ code: 'archive-failed' });
  expect(readdirSync(join(folder, 'cache', 'apps'))).toEqual([]);
});

test('an unknown commit and a folder without a repository are told apart', async () => {
  repository.commit('first', server);
  await expect(build(options({ commit: 'nope' }))).rejects.toMatchObject({ code: 'unknown-commit' });
  await expect(build(options({ commit: '--output=x' }))).rejects.toMatchObject({ code: 'unknown-commit' });
  await expect(build(options({ repository: folder }))).rejects.toMatchObject({ code: 'not-a-repository' });
});

test('an aborted build ends, kills what it started and leaves nothing', async () => {
  const controller = new AbortController();
  const json = { main: 'x.js', scripts: { build: 'node -e "setInterval(() => {}, 1000)"' } };
  repository.commit('first', { 'service/package.json': JSON.stringify(json) });
  const running = build(
    options({
      signal: controller.signal,
      progress: ({ message }) => {
        if (message === 'running the build script') setImmediate(() => controller.abort(new Error('enough')));
      },
    }),
  );
  await expect(running).rejects.toThrow('enough');
  expect(readdirSync(join(folder, 'temp'))).toEqual([]);
});
