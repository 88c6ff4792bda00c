/** What the machines of an environment in push mode are pinned to: release and config version come with a deployment, the rest stands in Git. */
import { CfnParameter } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { digestOf } from '../contract/canonical-json.ts';
import type { Pins } from '../contract/desired-state.ts';
import type { Environment } from '../contract/environment.ts';
import { configParameterName, secretParameterName } from '../contract/names.ts';

export interface ReleasePinsProps {
  readonly service: string;
  readonly environment: Environment;
}

/** Null in pull mode, where the stack has no such parameters. */
export function releasePins(scope: Construct, props: ReleasePinsProps): Pins | null {
  if (props.environment.delivery.mode === 'pull') return null;
  const release = new CfnParameter(scope, 'Release', {
    type: 'String',
    description: 'Digest of the release that new machines run',
    allowedPattern: '[0-9a-f]{64}',
    constraintDescription: 'must be a SHA-256 in 64 lower-case hexadecimal digits',
  });
  const configVersion = new CfnParameter(scope, 'ConfigVersion', {
    type: 'Number',
    description: 'Version of the SSM parameter that holds the config of new machines',
    minValue: 1,
  });
  return pinsOf(props, release.valueAsString, configVersion.valueAsNumber);
}

function pinsOf({ service, environment }: ReleasePinsProps, release: string, version: number): Pins {
  const { name, service: declared } = environment;
  const identity = { service, environment: name };
  return {
    release,
    config: { parameter: configParameterName(identity), version, sha256: digestOf(declared.config) },
    secrets: Object.entries(declared.secrets)
      .map(([secret, pinned]) => ({ name: secret, parameter: secretParameterName(identity, secret), version: pinned }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}
