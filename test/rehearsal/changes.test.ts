import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseServicePackage } from '../../lib/delivery/service-package.ts';
import { changeConfig, changeHarmlessly, crashInSoak, neverHealthy } from '../../lib/rehearsal/changes.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 's-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function service(files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

const declared = async () => parseServicePackage(await readFile(join(directory, 'package.json'), 'utf8'), 'p');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

async function start(port: number) {
  const { start } = await declared();
  const env = { PORT: String(port), HOST: '127.0.0.1' };
  return spawn(process.execPath, start.slice(1), { cwd: directory, env, stdio: ['ignore', 'ignore', 'pipe'] });
}

function status(port: number, path: string): Promise<number> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    }).on('error', () => setImmediate(() => resolve(status(port, path))));
  });
}

test('the good change touches no file of the service, and differs each time', async () => {
  await service({ 'package.json': '{"main":"a.js"}' });
  await changeHarmlessly(directory, 'one');
  const one = await readFile(join(directory, 'REHEARSAL.md'), 'utf8');
  await changeHarmlessly(directory, 'two');
  expect(await readFile(join(directory, 'REHEARSAL.md'), 'utf8')).not.toBe(one);
});

test('a config value is added to the environment of this very repository', async () => {
  await mkdir(join(directory, 'environments'));
  await cp(join(__dirname, '../../environments/dev.ts'), join(directory, 'environments', 'dev.ts'));
  await changeConfig(directory, 'dev', 'x');
  expect(await readFile(join(directory, 'environments', 'dev.ts'), 'utf8')).toContain('config: { REHEARSAL: "x", ');
});

test('an environment without config is refused', async () => {
  await mkdir(join(directory, 'environments'));
  await writeFile(join(directory, 'environments', 'dev.ts'), 'export const dev = {};');
  await expect(changeConfig(directory, 'dev', 'x')).rejects.toMatchObject({ code: 'tour-failed' });
});

test('the release that never becomes healthy answers 503, on the health path that the service declares', async () => {
  await service({ 'package.json': '{"main":"a.js","slipway":{"health":{"path":"/ready"}}}' });
  await neverHealthy(directory);
  expect((await declared()).health).toMatchObject({ path: '/ready', deadlineMs: 3_000 });
  const port = await freePort();
  const child = await start(port);
  expect(await status(port, '/ready')).toBe(503);
  child.kill();
  await once(child, 'exit');
});

test.each([
  ['CommonJS', 'commonjs', "const { createServer } = require('node:http');"],
  ['an ES module', 'module', "import { createServer } from 'node:http';"],
])('the release that crashes is the service itself, until it was healthy for a moment: %s', async (_, type, head) => {
  const health = { path: '/ready', intervalMs: 50, passes: 1 };
  await service({
    'package.json': JSON.stringify({ type, scripts: { start: 'node a.js' }, slipway: { health } }),
    'a.js': `${head} createServer((_, response) => response.end()).listen(process.env.PORT, process.env.HOST);`,
  });
  await crashInSoak(directory);
  const port = await freePort();
  const child = await start(port);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  expect(await status(port, '/')).toBe(200);
  const [, signal] = await once(child, 'exit');
  expect(signal).toBe('SIGKILL');
  expect(said).toMatch(/^rehearsal: crash at \d+\n$/);
});
