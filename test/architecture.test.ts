import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const root = join(__dirname, '..');
const run = promisify(execFile);

/** What lint says of one file at that path of the repository; empty when it says nothing. */
async function lint(path: string, source: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-lint-'));
  try {
    await cp(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await writeFile(join(folder, path), source);
    const oxlint = join(root, 'node_modules', 'oxlint', 'bin', 'oxlint');
    const { stdout } = await run(process.execPath, [oxlint, '--deny-warnings', path], { cwd: folder }).catch(
      (failure: { readonly stdout: string }) => failure,
    );
    return stdout.includes('Found 0 warnings and 0 errors') ? '' : stdout;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const imports = (what: string): string => `import { thing } from '${what}';\n\nexport const use = thing;\n`;

describe('who may import whom', () => {
  test.each([
    ['lib/contract/one.ts', '../agent/two.ts'],
    ['lib/agent/one.ts', '../delivery/two.ts'],
    ['lib/agent/adapters/one.ts', '../../infra/two.ts'],
    ['lib/agent/one.ts', 'aws-cdk-lib'],
    ['lib/infra/one.ts', '../agent/two.ts'],
    ['lib/infra/constructs/one.ts', '../../delivery/two.ts'],
    ['lib/delivery/one.ts', '../agent/two.ts'],
    ['lib/delivery/one.ts', '../infra/two.ts'],
    ['lib/rehearsal/one.ts', '../agent/two.ts'],
    ['lib/cli/commands/one.ts', '../../agent/two.ts'],
  ])('%s may not import %s', async (path, what) => {
    expect(await lint(path, imports(what))).toContain('no-restricted-imports');
  });

  test.each([
    ['lib/agent/one.ts', '../contract/two.ts'],
    ['lib/rehearsal/one.ts', '../delivery/two.ts'],
    ['lib/cli/commands/one.ts', '../../delivery/two.ts'],
    ['bin/one.ts', '../lib/agent/two.ts'],
  ])('%s may import %s', async (path, what) => {
    expect(await lint(path, imports(what))).toBe('');
  });

  test('lib/infra reads no environment variable: an environment is data', async () => {
    expect(await lint('lib/infra/one.ts', 'export const region = process.env.AWS_REGION;\n')).toContain(
      'environments/',
    );
  });

  test('only bin ends the process', async () => {
    const source = 'export function leave(): void {\n  process.exit(1);\n}\n';
    expect(await lint('lib/cli/one.ts', source)).toContain('no-process-exit');
    expect(await lint('bin/one.ts', source)).toBe('');
  });
});
