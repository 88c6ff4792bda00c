/** The rehearsal on services that it has never seen, and on services that break the contract. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environments, service } from '../../environments/index.ts';
import { rehearse, type RehearsalOptions } from '../../lib/rehearsal/rehearse.ts';

jest.setTimeout(300_000);

const repository = join(__dirname, '../..');
const fixtures = join(__dirname, 'fixtures');

function options(serviceDirectory: string, lines: string[]): RehearsalOptions {
  return {
    repository,
    service,
    environment: environments.dev,
    serviceDirectory,
    stays: false,
    port: null,
    proxy: null,
    jsonFile: null,
    steps: ['first-deploy', 'good-change'],
    variables: process.env,
    write: (line) => lines.push(line),
    signal: new AbortController().signal,
  };
}

const runs = () => readdir(join(repository, '.slipway', 'runs'));

test.each([
  ['plain JavaScript with no build', 'plain'],
  ['TypeScript with a build step', 'typescript'],
  ['ES modules and Fastify', 'esm-fastify'],
  ['CommonJS and Express', 'commonjs-express'],
  ['native dependencies that ship prebuilt', 'native'],
  ['one that ignores SIGTERM', 'ignores-sigterm'],
  ['one that takes ten seconds to start', 'slow-start'],
])('%s: deployed, and changed under load without a failed request', async (_, fixture) => {
  const lines: string[] = [];
  const before = await runs();
  const report = await rehearse(options(join(fixtures, fixture), lines));
  expect({ problems: report.problems, failures: report.load.failures }).toEqual({ problems: [], failures: [] });
  expect(report.load.requests).toBeGreaterThan(1_000);
  expect(report.figures.writtenToServingSeconds).toBeGreaterThan(0);
  expect(await runs()).toEqual(before);
});

const declared = (health: object) => JSON.stringify({ main: 'a.js', slipway: { health } });
const server = (status: string, port = 'process.env.PORT') =>
  `require('node:http').createServer((q, r) => r.writeHead(${status}).end()).listen(${port}, process.env.HOST);`;

describe('a service that breaks the contract gets one clear message', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 's-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  async function complaint(files: Readonly<Record<string, string>>): Promise<string> {
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    const report = await rehearse(options(directory, [])).catch((error: unknown) => error);
    if (report instanceof Error) return report.message;
    return typeof report === 'object' && report !== null && 'problems' in report ? String(report.problems) : '';
  }

  test('no package.json', async () => {
    expect(await complaint({})).toContain('there is no package.json');
  });

  test('nothing says what to run', async () => {
    expect(await complaint({ 'package.json': '{}' })).toContain('says what to run');
  });

  test('dependencies without a lock', async () => {
    const message = await complaint({ 'package.json': '{"main":"a.js","dependencies":{"express":"^5.0.0"}}' });
    expect(message).toContain('package-lock.json');
  });

  test('no health page', async () => {
    const files = { 'package.json': declared({ deadlineMs: 3_000 }), 'a.js': server("q.url === '/' ? 200 : 404") };
    expect(await complaint(files)).toMatch(/\/health.*404/);
  });

  test('it listens on a port of its own', async () => {
    const files = { 'package.json': declared({ deadlineMs: 3_000 }), 'a.js': server('200', '0') };
    expect(await complaint(files)).toMatch(/nothing listens.*PORT/);
  });

  test('health that never passes', async () => {
    const files = { 'package.json': declared({ deadlineMs: 3_000 }), 'a.js': server('503') };
    expect(await complaint(files)).toMatch(/not healthy within 3000 ms.*503/);
  });

  test('it ends at once', async () => {
    const files = { 'package.json': declared({}), 'a.js': 'throw new Error("no database");' };
    expect(await complaint(files)).toMatch(/exited with code 1: Error: no database/);
  });
});
