/** The changes that the tour makes to a service it need not know: a good one, a config value, and two kinds of broken release. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseServicePackage, type ServicePackage } from '../delivery/service-package.ts';
import { RehearsalError } from './rehearsal-error.ts';

/** What the service must come up in, once it can never be healthy: the tour waits for it. */
const brokenDeadlineMs = 3_000;

/** A file that no service reads: the release differs, what it does does not. */
export async function changeHarmlessly(service: string, mark: string): Promise<void> {
  await writeFile(join(service, 'REHEARSAL.md'), `Written by a rehearsal: ${mark}\n`);
}

/** One value of the environment's config. Throws `RehearsalError` where the file has no place for it. */
export async function changeConfig(repository: string, environment: string, value: string): Promise<void> {
  const file = join(repository, 'environments', `${environment}.ts`);
  const text = await readFile(file, 'utf8');
  const changed = text.replace(/(\bconfig:\s*\{)/, `$1 REHEARSAL: ${JSON.stringify(value)}, `);
  if (changed === text) {
    throw new RehearsalError('tour-failed', {
      tried: `adding a config value to ${file}`,
      wrong: 'there is no `config: {` in it',
      todo: 'keep the config of an environment as an object in its file',
    });
  }
  await writeFile(file, changed);
}

/** Answers 503 for ever. */
export async function neverHealthy(service: string): Promise<void> {
  const file = 'rehearsal-never-healthy.cjs';
  await writeFile(join(service, file), neverHealthyScript);
  await editPackage(service, ({ health }) => ({
    start: ['node', file],
    health: { ...health, deadlineMs: brokenDeadlineMs },
  }));
}

/** Starts as ever, and dies a moment after its health has passed. */
export async function crashInSoak(service: string): Promise<void> {
  const file = './rehearsal-crash.cjs';
  await editPackage(service, ({ start: [, ...rest] }) => ({ start: ['node', '--require', file, ...rest] }));
  const { health } = await readPackage(service);
  // After the checks that bring it into traffic, and before its soak ends.
  const delayMs = health.passes * health.intervalMs + 1_500;
  await writeFile(join(service, file), crashScript(health.path, delayMs));
}

async function readPackage(service: string): Promise<ServicePackage> {
  return parseServicePackage(await readFile(join(service, 'package.json'), 'utf8'), 'service/package.json');
}

async function editPackage(
  service: string,
  edit: (was: ServicePackage) => Partial<Pick<ServicePackage, 'start' | 'health'>>,
): Promise<void> {
  const was = await readPackage(service);
  const json: unknown = JSON.parse(await readFile(join(service, 'package.json'), 'utf8'));
  const { start, health, stop } = { ...was, ...edit(was) };
  const edited = { ...(typeof json === 'object' ? json : {}), slipway: { start, health, stop } };
  await writeFile(join(service, 'package.json'), `${JSON.stringify(edited, null, 2)}\n`);
}

const neverHealthyScript = `// Written by a rehearsal: a release that never becomes healthy.
require('node:http')
  .createServer((request, response) => response.writeHead(503).end('not ready'))
  .listen(Number(process.env.PORT), process.env.HOST);
`;

function crashScript(path: string, delayMs: number): string {
  return `// Written by a rehearsal: a release that crashes after it was switched to.
const { get } = require('node:http');
const again = () => setTimeout(look, 50).unref();
function look() {
  const options = { host: process.env.HOST, port: Number(process.env.PORT), path: ${JSON.stringify(path)}, agent: false };
  get(options, (response) => {
    response.resume();
    if (response.statusCode < 200 || response.statusCode > 299) return again();
    setTimeout(() => {
      require('node:fs').writeSync(2, 'rehearsal: crash at ' + Date.now() + '\\n');
      process.kill(process.pid, 'SIGKILL');
    }, ${delayMs});
  }).on('error', again);
}
again();
`;
}
