/** The CDK app: one stage per environment, checked by the rules that matter, with every behaviour of CDK pinned. */
import { App, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Environment } from '../contract/environment.ts';
import { tagKeys } from '../contract/names.ts';
import type { RuntimePins } from '../contract/runtime-pins.ts';
import { EnvironmentStage } from './environment-stage.ts';
import { featureFlags } from './feature-flags.ts';
import { selectEnvironments } from './select-environments.ts';

export interface SlipwayAppProps {
  readonly service: string;
  readonly environments: readonly Environment[];
  /** Digest of the bundle that a host fetches at its first boot; its bytes are in the store as a blob. */
  readonly bundleSha256: string;
  readonly runtime: RuntimePins;
  /** Default: what the CDK command line asks for. */
  readonly outdir?: string;
  /** CloudFormation's rules and cdk-nag; off only in unit tests, where they cost more than the synthesis. Default: on. */
  readonly isValidated?: boolean;
}

/** The emulator cannot read the tags of a parameter; older cfn-lint knows none of the other two. */
const taggable = {
  excludeResourceTypes: ['AWS::SSM::Parameter', 'AWS::CloudWatch::Dashboard', 'AWS::ElasticLoadBalancingV2::Listener'],
};

export function slipwayApp({ isValidated = true, outdir, ...props }: SlipwayAppProps): App {
  const app = new App({
    ...(outdir === undefined ? {} : { outdir }),
    postCliContext: featureFlags,
    analyticsReporting: false,
    treeMetadata: false,
    stackTraces: false,
    builtinCloudFormationValidation: isValidated,
  });
  for (const environment of selectEnvironments(props.environments, app.node.tryGetContext('environment'))) {
    const stage = new EnvironmentStage(app, environment.name, { ...props, environment });
    Tags.of(stage).add(tagKeys.service, props.service, taggable);
    Tags.of(stage).add(tagKeys.environment, environment.name, taggable);
  }
  if (isValidated) Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}
