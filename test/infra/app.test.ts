import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { environments, service } from '../../environments/index.ts';
import { slipwayApp } from '../../lib/infra/app.ts';
import { EnvironmentStage } from '../../lib/infra/environment-stage.ts';
import { InfraError, selectEnvironments } from '../../lib/infra/select-environments.ts';
import { bundleSha256, recordOf, runtime } from './support.ts';

const outdir = mkdtempSync(join(tmpdir(), 'slipway-app-'));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

const declared = Object.values(environments);
const app = slipwayApp({ service, environments: declared, bundleSha256, runtime, isValidated: false, outdir });
const stages = app.node.children.filter((child) => child instanceof EnvironmentStage);
const stacks = stages.flatMap(({ network, store, config, service: hosts }) => [network, store, config, hosts]);

describe('the app', () => {
  test('has one stage per environment, each with the same stacks', () => {
    expect(stages.map(({ stageName }) => stageName)).toEqual(['dev', 'stage', 'prod']);
    expect(stacks.map(({ stackName }) => stackName)).toEqual(
      ['dev', 'stage', 'prod'].flatMap((name) =>
        ['network', 'store', 'config', 'service'].map((kind) => `hello-${name}-${kind}`),
      ),
    );
  });

  test('T9: stacks are protected from termination where the environment is', () => {
    for (const stage of stages) {
      const isProtected = stage.stageName === 'prod';
      const { network, store, config, service: hosts } = stage;
      for (const stack of [network, store, config, hosts]) expect(stack.terminationProtection).toBe(isProtected);
    }
  });

  test('T13: asks nobody, and leaves no path of this machine in its assembly', () => {
    app.synth();
    const files = readdirSync(outdir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(30);
    for (const { name, parentPath } of files) {
      const text = readFileSync(join(parentPath, name), 'utf8');
      expect(text).not.toContain(process.cwd());
      expect(text).not.toContain('"missing"');
    }
  });

  test.each(stacks.map((stack) => [stack.stackName, stack] as const))('%s is as it was reviewed', (_, stack) => {
    expect(reviewed(Template.fromStack(stack).toJSON())).toMatchSnapshot();
  });
});

/** Digests change with the agent and its runtime, not with the infrastructure. */
function reviewed(template: unknown): unknown {
  const text = JSON.stringify(recordOf(template));
  return JSON.parse(text.replaceAll(/\b[0-9a-f]{64}\b/g, '<sha256>'));
}

describe('-c environment', () => {
  test('without it all environments are made', () => {
    expect(selectEnvironments(declared, undefined)).toEqual(declared);
  });

  test('names the one that is made', () => {
    expect(selectEnvironments(declared, 'stage')).toEqual([environments.stage]);
  });

  test('an environment that nobody declared is refused', () => {
    expect(() => selectEnvironments(declared, 'qa')).toThrow(
      expect.objectContaining({ name: InfraError.name, code: 'unknown-environment' }),
    );
  });
});
