/** Environments and templates for the tests of lib/infra: real data, one override at a time, no validation. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { environments, service } from '../../environments/index.ts';
import type { Environment } from '../../lib/contract/environment.ts';
import { type StackKind, stackKinds } from '../../lib/contract/names.ts';
import type { RuntimePins } from '../../lib/contract/runtime-pins.ts';
import { EnvironmentStage } from '../../lib/infra/environment-stage.ts';
import { slipwayApp } from '../../lib/infra/app.ts';

export const bundleSha256 = 'a'.repeat(64);

const pin = (digit: string) => ({ integrity: `sha512-${digit}`, sha256: digit.repeat(64), size: 1 });
export const runtime: RuntimePins = {
  version: '26.10.0',
  platforms: { 'linux-x64': pin('1'), 'linux-arm64': pin('2') },
};

export type Change = (environment: Environment) => Partial<Environment>;
export const unchanged: Change = () => ({});

/** The synthesized templates of one environment by stack. */
export type Templates = Readonly<Record<StackKind, Template>>;

export function synthesize(environment: Environment): Templates {
  const outdir = mkdtempSync(join(tmpdir(), 'slipway-infra-'));
  try {
    const app = slipwayApp({ service, environments: [environment], bundleSha256, runtime, isValidated: false, outdir });
    const stage = app.node.findChild(environment.name);
    if (!(stage instanceof EnvironmentStage)) throw new Error('the app holds no stage of that name');
    return {
      network: Template.fromStack(stage.network),
      store: Template.fromStack(stage.store),
      config: Template.fromStack(stage.config),
      service: Template.fromStack(stage.service),
    };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** `dev`, which has everything small and open, with one difference. */
export function devWith(change: Change = unchanged): Templates {
  return synthesize({ ...environments.dev, ...change(environments.dev) });
}

/** Differences that bring every branch of the constructs into a template. */
export const options = {
  'as declared': unchanged,
  'egress public': ({ network }) => ({ network: { ...network, egress: 'public' } }),
  'egress endpoints': ({ network }) => ({ network: { ...network, egress: 'endpoints' } }),
  'egress nat': ({ network }) => ({ network: { ...network, egress: 'nat' } }),
  'a domain': ({ account, region }) => ({
    domain: {
      name: 'www.example.com',
      hostedZoneId: 'Z0123456789ABCDEFGHIJ',
      certificateArn: `arn:aws:acm:${region}:${account}:certificate/01234567-89ab-cdef-0123-456789abcdef`,
    },
  }),
  protected: ({ hosts }) => ({ protect: true, hosts: { ...hosts, min: 2, max: 4, zones: 2 } }),
  'an alarm address': ({ alarms }) => ({ alarms: { ...alarms, email: 'oncall@example.com' } }),
  'x64 hosts': ({ hosts }) => ({
    hosts: {
      ...hosts,
      instanceType: 't3a.small',
      architecture: 'x64',
      image: { ...hosts.image, architecture: 'x64' },
    },
  }),
  'three zones': ({ network, region }) => ({
    network: { ...network, zones: ['a', 'b', 'c'].map((letter) => region + letter) },
  }),
  'push mode': ({ delivery }) => ({ delivery: { ...delivery, mode: 'push' } }),
  'two client ranges': ({ network }) => ({
    network: { ...network, clientRanges: ['192.0.2.0/24', '198.51.100.0/24'] },
  }),
} satisfies Readonly<Record<string, Change>>;

export interface Resource {
  readonly stack: StackKind;
  readonly id: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly deletionPolicy: unknown;
}

export function resourcesOf(templates: Templates): readonly Resource[] {
  return stackKinds.flatMap((stack) =>
    Object.entries(recordOf(templates[stack].toJSON()['Resources'])).map(([id, value]) => {
      const { Type, Properties, DeletionPolicy } = recordOf(value);
      return { stack, id, type: String(Type), properties: recordOf(Properties), deletionPolicy: DeletionPolicy };
    }),
  );
}

export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
