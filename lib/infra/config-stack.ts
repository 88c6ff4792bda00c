/** The service's configuration: one parameter, so that a change of it is one line of a diff. */
import { Stack, type StackProps, aws_ssm as ssm } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { canonicalJson } from '../contract/canonical-json.ts';
import type { Environment } from '../contract/environment.ts';
import { configParameterName } from '../contract/names.ts';

export interface ConfigStackProps extends StackProps {
  readonly service: string;
  readonly environment: Environment;
}

export class ConfigStack extends Stack {
  constructor(scope: Construct, id: string, props: ConfigStackProps) {
    super(scope, id, props);
    const { name: environment, service } = props.environment;

    new ssm.StringParameter(this, 'Config', {
      parameterName: configParameterName({ service: props.service, environment }),
      description: `Environment variables of ${props.service} in ${environment}`,
      stringValue: canonicalJson(service.config),
    });
  }
}
