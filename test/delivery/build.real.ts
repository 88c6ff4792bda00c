/** Builds with packages and the real Node.js from the registry: needs the network. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GitRepository, gitRepository } from '../support/git-repository.ts';

const root = join(__dirname, '..', '..');
const files = {
  'service/package.json': JSON.stringify({
    name: 'sample',
    scripts: { build: 'tsc', start: 'node dist/server.js' },
    dependencies: { '@node-rs/crc32': '1.10.6', fflate: '0.8.2' },
    devDependencies: { typescript: '5.9.3' },
  }),
  'service/tsconfig.json': '{"compilerOptions":{"outDir":"dist","sourceMap":true,"types":[]},"files":["server.ts"]}',
  'service/server.ts': 'export const answer: number = 42;\n',
};

let repositories: GitRepository[] = [];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-build-real-'));
});
afterEach(() => {
  for (const repository of repositories) repository.remove();
  repositories = [];
  rmSync(folder, { recursive: true });
});

function commitService(lock: string): GitRepository {
  const repository = gitRepository();
  repositories.push(repository);
  repository.commit('service', { ...files, 'service/package-lock.json': lock });
  return repository;
}

/** In a process of its own, for umask and time zone are of a whole process; a cache of its own, so that it does build. */
function buildIn(repository: GitRepository, name: string, how: { umask: string; zone: string; platform?: string }) {
  const script = join(root, 'test', 'delivery', 'fixtures', 'build-release.ts');
  const command = `umask ${how.umask} && exec "$@"`;
  const register = join(root, 'node_modules', 'ts-node', 'register', 'index.js');
  const args = [repository.root, join(folder, name, 'cache'), join(folder, name, 'temp'), how.platform ?? 'linux-x64'];
  const output = execFileSync('sh', ['-c', command, 'sh', process.execPath, '--require', register, script, ...args], {
    cwd: root,
    env: { ...process.env, TZ: how.zone, NODE_ENV: 'production' },
    encoding: 'utf8',
  });
  const result: unknown = JSON.parse(output.trim().split('\n').at(-1) ?? '');
  return result;
}

function lockOf(): string {
  const scratch = join(folder, 'lock');
  execFileSync('mkdir', [scratch]);
  writeFileSync(join(scratch, 'package.json'), files['service/package.json']);
  const quiet = [
    '--package-lock-only',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--omit-lockfile-registry-resolved',
  ];
  execFileSync('npm', ['install', ...quiet], { cwd: scratch, stdio: 'ignore' });
  return execFileSync('cat', ['package-lock.json'], { cwd: scratch, encoding: 'utf8' });
}

test('A1: another folder, umask and time zone give the same digests, with packages and a build step', () => {
  const lock = lockOf();
  const one = buildIn(commitService(lock), 'one', { umask: '022', zone: 'UTC' });
  const two = buildIn(commitService(lock), 'elsewhere', { umask: '077', zone: 'Pacific/Auckland' });
  expect(two).toEqual(one);
  expect(one).toMatchObject({ paths: expect.arrayContaining(['dist/server.js', 'node_modules/fflate/package.json']) });
  expect(one).toMatchObject({ paths: expect.not.arrayContaining(['node_modules/typescript/package.json']) });
}, 300_000);

test.each([
  ['linux-x64', 'crc32.linux-x64-gnu.node'],
  ['linux-arm64', 'crc32.linux-arm64-gnu.node'],
])(
  'packages with a build per platform are those of %s, whatever machine builds',
  (platform, binary) => {
    const built = buildIn(commitService(lockOf()), platform, { umask: '022', zone: 'UTC', platform });
    expect(built).toMatchObject({ natives: [`node_modules/@node-rs/crc32-${platform}-gnu/${binary}`] });
  },
  300_000,
);
