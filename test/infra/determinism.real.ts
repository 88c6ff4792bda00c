import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { sha256 } from '../../lib/contract/canonical-json.ts';
import { RepositoryCopy } from './repository-copy.ts';

const isRoot = process.getuid?.() === 0;
const copies = [new RepositoryCopy(), new RepositoryCopy(), new RepositoryCopy()] as const;
afterAll(() => {
  for (const copy of copies) copy.remove();
});

/** Digests of all files of the assembly, made with the time zone and umask. */
function assemblyOf(copy: RepositoryCopy, { zone, umask }: { readonly zone: string; readonly umask: string }) {
  const synth = `umask ${umask} && exec node bin/infra.cjs`;
  const shell = ['bash', '-c', synth];
  const output = join(copy.folder, 'cdk.out');
  const { status, said } = copy.run(isRoot ? ['unshare', '--net', ...shell] : shell, {
    TZ: zone,
    CDK_OUTDIR: output,
    CDK_VALIDATION: 'false',
    AWS_PROFILE: 'nobody',
  });
  expect({ status, said }).toEqual({ status: 0, said: '' });
  return (
    readdirSync(output, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      // A report for people: it names the folder that it was made in.
      .filter(({ name }) => name !== 'validation-report.json')
      .map(({ name, parentPath }) => join(parentPath, name))
      .map((file) => `${relative(output, file)} ${sha256(readFileSync(file))}`)
      .toSorted()
  );
}

describe('T13: synthesis', () => {
  test('gives the same bytes in another folder, time zone and umask, without network', () => {
    if (!isRoot) console.warn('SKIPPED: only root can take the network away; the bytes are compared with it.');
    const first = assemblyOf(copies[0], { zone: 'UTC', umask: '022' });
    const second = assemblyOf(copies[1], { zone: 'Pacific/Kiritimati', umask: '077' });
    expect(first.length).toBeGreaterThan(30);
    expect(second).toEqual(first);
  });
});

describe('an environment file that is wrong', () => {
  test('makes synthesis print each problem on a line of its own, and fail', () => {
    const copy = copies[2];
    copy.edit('environments/dev.ts', '111122223333', '1234');
    copy.edit('environments/prod.ts', 'min: 2', 'min: 1');
    const { status, said } = copy.cdk(['synth', '--quiet']);
    const lines = said.split('\n').filter((line) => line.startsWith('environments.'));
    expect(lines).toEqual([
      expect.stringMatching(/^environments\.dev\.account: must be an AWS account id.*"1234"/),
      expect.stringMatching(/^environments\.prod\.hosts\.min: must be at least 2 \(got 1\)/),
    ]);
    expect(said).not.toMatch(/^ +at /m);
    expect(status).toBe(1);
  });
});
