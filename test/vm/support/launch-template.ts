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
  const [name, argument] = typeof value === 'object' && value !== null ? (Object.entries(value)[0] ?? []) : [];
  switch (name) {
    case 'Fn::Base64':
      return resolve(argument);
    case 'Fn::Join': {
      const [separator, parts] = Array.isArray(argument) ? argument : [];
      return Array.isArray(parts) ? parts.map(resolve).join(String(separator)) : resolve(null);
    }
    case 'Fn::GetAtt':
      return Array.isArray(argument) && argument[1] === 'RoleId' ? roleId : unknown(value);
    case 'Ref':
      return /^HostLog/.test(String(argument)) ? '/slipway/lab/hosts' : unknown(value);
    default:
      return unknown(value);
  }
}

function unknown(value: unknown): never {
  throw new Error(
    `reading the launch template: got '${JSON.stringify(value)}'; teach test/vm/support/launch-template.ts`,
  );
}
