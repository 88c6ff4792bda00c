/** The example service keeps to what its package promises, and to its life as a process. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildSync } from 'esbuild';

const service = join(__dirname, '../../service');
const directory = mkdtempSync(join(tmpdir(), 'slipway-service-'));

/** One file of the service, bundled: needs neither its compiler nor a network. */
function bundle(source: string): string {
  const outfile = join(directory, `${source.replaceAll('/', '-')}.mjs`);
  buildSync({ entryPoints: [join(service, source)], outfile, bundle: true, platform: 'node', format: 'esm' });
  return outfile;
}

const server = bundle('src/server.ts');

afterAll(() => {
  rmSync(directory, { recursive: true });
});

test('its own tests pass', () => {
  const { status, stdout } = spawnSync(process.execPath, [bundle('test/service.test.ts')], { encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('# fail 0') });
});

test('its types are sound', () => {
  const { status, stdout } = spawnSync('npx', ['--no-install', 'tsc', '--project', service], { encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
});

test.each(['SIGTERM', 'SIGINT'] as const)('it says when it is ready, and ends with 0 on %s', async (signal) => {
  const child = spawn(process.execPath, [server], { env: { PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const events: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    events.push(String(Object(JSON.parse(line)).event));
    if (events.length === 1) child.kill(signal);
  }
  expect(events).toEqual(['ready', 'stopping', 'stopped']);
  expect(await ended).toEqual([0, null]);
});

test('a taken port ends it with 1 and one line', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const address = holder.address();
  const port = typeof address === 'object' && address ? String(address.port) : '';
  const child = spawnSync(process.execPath, [server], { env: { PORT: port }, encoding: 'utf8', timeout: 10_000 });
  holder.close();
  expect(child.stderr).toMatch(/^example-service: .*EADDRINUSE.*\n$/);
  expect(child.status).toBe(1);
});

test('its package depends on nothing at run time, and its lock names no registry host', () => {
  const manifest: unknown = JSON.parse(readFileSync(join(service, 'package.json'), 'utf8'));
  expect(manifest).not.toHaveProperty('dependencies');
  expect(manifest).toHaveProperty('slipway.start', ['node', 'dist/server.js']);
  expect(readFileSync(join(service, 'package-lock.json'), 'utf8')).not.toContain('resolved');
});
