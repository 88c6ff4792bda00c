import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readAssembly, synthesize } from '../../lib/delivery/assembly.ts';
import { deployStacks } from '../../lib/delivery/stacks.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-assembly-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, contents: unknown): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), typeof contents === 'string' ? contents : JSON.stringify(contents));
}

const assets = (kind: string) => ({ type: 'cdk:asset-manifest', properties: { file: `${kind}.assets.json` } });
const stack = (kind: string) => ({
  type: 'aws:cloudformation:stack',
  environment: 'aws://111122223333/eu-central-1',
  displayName: `dev/${kind}`,
  properties: { templateFile: `${kind}.template.json`, stackName: `hello-dev-${kind.toLowerCase()}` },
  dependencies: [`${kind}.assets`],
  metadata: { '/dev': [{ type: 'x', trace: [folder] }] },
});

/** As CDK writes it: a nested assembly for the stage, one stack per file. */
function writeAssembly(root: string, change: { template?: object; asset?: string; source?: string } = {}): void {
  const { template = { Resources: { A: { Type: 'X' } } }, asset = 'abc', source = 'file.txt' } = change;
  write(`${root}/manifest.json`, {
    artifacts: {
      'assembly-dev': { type: 'cdk:cloud-assembly', properties: { directoryName: 'assembly-dev' } },
      Tree: { type: 'cdk:tree', properties: { file: 'tree.json' } },
    },
  });
  write(`${root}/assembly-dev/manifest.json`, {
    artifacts: {
      devStore: stack('Store'),
      'Store.assets': assets('Store'),
      devConfig: stack('Config'),
      'Config.assets': assets('Config'),
    },
  });
  for (const kind of ['Store', 'Config']) {
    write(`${root}/assembly-dev/${kind}.template.json`, template);
    write(`${root}/assembly-dev/${kind}.assets.json`, { files: { [asset]: { source: { path: source } } } });
  }
}
const read = async (root: string) =>
  readAssembly({ directory: join(folder, root), environment: 'dev', service: 'hello' });

test("the environment's own assembly is found, with how each stack is selected", async () => {
  writeAssembly('out');
  expect(await read('out')).toMatchObject({
    directory: join(folder, 'out', 'assembly-dev'),
    stacks: { 'hello-dev-config': 'dev/Config', 'hello-dev-store': 'dev/Store' },
  });
  expect(await read('out/assembly-dev')).toEqual(await read('out'));
});

test('T13: the digest is of what is deployed, not of the folder, the key order or where assets lie', async () => {
  writeAssembly('one', { template: { a: 1, b: [{ c: 2, d: null }] } });
  writeAssembly('two', { template: { b: [{ d: null, c: 2 }], a: 1 }, source: '/elsewhere/file.txt' });
  expect((await read('two')).digest).toBe((await read('one')).digest);
});

test.each([
  ['a template', { template: { Resources: {} } }],
  ['the contents of an asset', { asset: 'def' }],
])('%s that changes, changes the digest', async (_what, change) => {
  writeAssembly('one');
  writeAssembly('two', change);
  expect((await read('two')).digest).not.toBe((await read('one')).digest);
});

test.each([
  ['a folder that is not there', 'nothing', 'dev' as const],
  ['an assembly of other environments', 'out', 'prod' as const],
])('%s is refused with what to do', async (_what, root, environment) => {
  writeAssembly('out');
  const found = readAssembly({ directory: join(folder, root), environment, service: 'hello' });
  await expect(found).rejects.toMatchObject({ code: 'synth-failed' });
});

/** Stands in for the CDK CLI: notes how it was called, prints, and ends with a code. */
function writeCdk(script: string): void {
  write(
    'node_modules/aws-cdk/bin/cdk',
    `require('fs').writeFileSync(${JSON.stringify(join(folder, 'called.json'))}, JSON.stringify({ args: process.argv.slice(2), variables: process.env }));\n${script}`,
  );
}
const called = (): { args: string[]; variables: Record<string, string> } =>
  JSON.parse(readFileSync(join(folder, 'called.json'), 'utf8'));
const call = (told: string[] = []) => ({
  repository: folder,
  variables: { AWS_ACCESS_KEY_ID: 'key', AWS_ENDPOINT_URL: 'http://localhost:1', PATH: '' },
  signal: new AbortController().signal,
  progress: ({ message }: { message: string }) => void told.push(message),
});

test('synthesis runs the CDK CLI for one environment, without credentials, into an empty folder', async () => {
  writeAssembly('out');
  write('out/left-over', '');
  writeCdk(
    `const fs = require('fs'); fs.cpSync('prepared', process.argv[process.argv.indexOf('--output') + 1], { recursive: true });`,
  );
  writeAssembly('prepared');
  const options = { ...call(), directory: join(folder, 'out'), environment: 'dev' as const, service: 'hello' };
  expect(await synthesize(options)).toEqual(await read('out'));
  const { args, variables } = called();
  expect(args).toEqual(expect.arrayContaining(['synth', '-c', 'environment=dev', '--no-notices']));
  expect(Object.keys(variables).filter((name) => name.startsWith('AWS_'))).toEqual([]);
  expect(() => readFileSync(join(folder, 'out', 'left-over'))).toThrow('ENOENT');
});

test('a synthesis that fails says what the CLI said', async () => {
  writeCdk(`console.error('Error: hosts.min must be 2'); process.exitCode = 1;`);
  const options = { ...call(), directory: join(folder, 'out'), environment: 'dev' as const, service: 'hello' };
  await expect(synthesize(options)).rejects.toMatchObject({ code: 'synth-failed' });
  await expect(synthesize(options)).rejects.toThrow('hosts.min must be 2');
});

test('stacks are deployed from finished files, with the variables that were handed in', async () => {
  writeAssembly('out');
  const told: string[] = [];
  writeCdk(`console.log('noise'); console.error('hello-dev-store: deploying... [1/1]');`);
  await deployStacks({ ...call(told), assembly: await read('out'), only: ['hello-dev-store'] });
  const { args, variables } = called();
  expect(args.slice(0, 5)).toEqual([
    'deploy',
    '--app',
    join(folder, 'out', 'assembly-dev'),
    'dev/Store',
    '--exclusively',
  ]);
  expect(args).toEqual(expect.arrayContaining(['--method=direct', '--require-approval', 'never']));
  expect(variables).toMatchObject({ AWS_ACCESS_KEY_ID: 'key', AWS_ENDPOINT_URL: 'http://localhost:1' });
  expect(told).toEqual(['hello-dev-store: deploying... [1/1]']);
});

test('stacks that fail say which line failed', async () => {
  writeAssembly('out');
  writeCdk(
    `console.log('x'); console.error('❌  dev/Store failed: AccessDenied'); console.log('y'); process.exitCode = 1;`,
  );
  const deployed = deployStacks({ ...call(), assembly: await read('out'), only: null });
  await expect(deployed).rejects.toMatchObject({ code: 'stacks-failed' });
  await expect(deployed).rejects.toThrow('❌  dev/Store failed: AccessDenied');
});

test('a clone without its packages is told to install them', async () => {
  writeAssembly('out');
  const deployed = deployStacks({ ...call(), assembly: await read('out'), only: null });
  await expect(deployed).rejects.toThrow('npm ci');
});
