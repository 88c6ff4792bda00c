import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsSolutionsChecks } from 'cdk-nag';
import { environments, service } from '../../environments/index.ts';
import { sha256 } from '../../lib/contract/canonical-json.ts';
import { slipwayApp } from '../../lib/infra/app.ts';
import { bundleSha256, options, runtime, synthesize } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'slipway-templates-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const variants = Object.values(environments).flatMap((environment) =>
  Object.entries(options).map(
    ([option, change]) => [`${environment.name}, ${option}`, { ...environment, ...change(environment) }] as const,
  ),
);

describe('templates', () => {
  test('T1: cfn-lint finds no error and no warning in any environment with any option', () => {
    const files = new Set<string>();
    for (const [, environment] of variants) {
      for (const [kind, template] of Object.entries(synthesize(environment))) {
        const text = JSON.stringify(template.toJSON(), null, 1);
        const file = join(folder, `${environment.name}-${kind}-${sha256(text).slice(0, 8)}.template.json`);
        writeFileSync(file, text);
        files.add(file);
      }
    }
    const { error, status, stdout, stderr } = spawnSync('cfn-lint', [...files], { encoding: 'utf8' });
    if (error)
      throw new Error('running cfn-lint: it is not installed; `python3 -m pip install cfn-lint`', { cause: error });
    expect(files.size).toBeGreaterThan(30);
    expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: '' });
  }, 600_000);

  test.each(variants)('T2: cdk-nag finds nothing unacknowledged: %s', (_, environment) => {
    const outdir = mkdtempSync(join(folder, 'nag-'));
    const props = { service, environments: [environment], bundleSha256, runtime, isValidated: false, outdir };
    const app = slipwayApp(props);
    app.synth();
    const { violations } = new AwsSolutionsChecks(app).validateScope(app);
    const found = violations.map(({ ruleName, violatingResources }) => ({
      ruleName,
      at: violatingResources.map(({ constructPath }) => constructPath),
    }));
    expect(found).toEqual([]);
  });
});
