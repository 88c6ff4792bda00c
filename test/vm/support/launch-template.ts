/** The user data of the launch template that the CDK app synthesizes, as CloudFormation would hand it to an instance. */
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { service } from '../../../environments/index.ts';
import type { Environment } from '../../../lib/contract/environment.ts';
import type { RuntimePins } from '../../../lib/contract/runtime-pins.ts';
import { slipwayApp } from '../../../lib/infra/app.ts';
import { EnvironmentStage } from '../../../lib/infra/environment-stage.ts';

export interface LaunchTemplateProps {
  readonly environment: Environment;
  readonly bundleSha256: string;
  readonly runtime: RuntimePins;
  /** For the assembly. */
  readonly folder: string;
}

/** What CloudFormation would fill in: every role has this id. */
export const roleId = 'AROALABHOSTROLE00000Z';

/** Throws on a reference that it does not know. */
export function synthesizedUserData({ environment, bundleSha256, runtime, folder }: LaunchTemplateProps): string {
  const outdir = join(folder, `assembly-${environment.name}`);
  const app = slipwayApp({ service, environments: [environment], bundleSha256, runtime, isValidated: false, outdir });
  const stage = app.node.findChild(environment.name);
  if (!(stage instanceof EnvironmentStage)) throw new Error('the app holds no stage of that name');
  const templates = Template.fromStack(stage.service).findResources('AWS::EC2::LaunchTemplate');
  const [template] = Object.values(templates);
  return resolve(template?.['Properties']?.LaunchTemplateData?.UserData);
}

function resolve(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  const [name = '', argument] = typeof value === 'object' && value !== null ? (Object.entries(value)[0] ?? []) : [];
  return functions[name]?.(argument) ?? unknown(value);
}

/** Undefined: not one of those that occur. */
const functions: Readonly<Record<string, (argument: unknown) => string | undefined>> = {
  'Fn::Base64': (argument) => resolve(argument),
  'Fn::Join': (argument) => {
    const [separator, parts] = listOf(argument);
    return listOf(parts).map(resolve).join(String(separator));
  },
  'Fn::GetAtt': (argument) => (listOf(argument)[1] === 'RoleId' ? roleId : undefined),
  Ref: (argument) => (String(argument).startsWith('HostLog') ? '/slipway/lab/hosts' : undefined),
};

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function unknown(value: unknown): never {
  throw new Error(
    `reading the launch template: got '${JSON.stringify(value)}'; teach test/vm/support/launch-template.ts`,
  );
}
