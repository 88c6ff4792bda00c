/** Accepts one finding of a checker at one construct, with the reason. */
import { CfnResource, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * A finding of cdk-nag (`AwsSolutions-S1`), or of the rules that CDK brings (`CloudFormation-Validate::W3010`).
 * Written as `Validations.acknowledge` writes it, without the stack trace: that would put the paths of this machine into the assembly.
 */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  construct.node.addMetadata(Validations.ACKNOWLEDGED_RULES_METADATA_KEY, { [id]: reason });
}

/** A finding of cfn-lint at every resource of that type in a construct; it reads templates, so the template carries it. */
export function acknowledgeLint(construct: IConstruct, resourceType: string, id: string): void {
  for (const node of construct.node.findAll()) {
    if (!CfnResource.isCfnResource(node) || node.cfnResourceType !== resourceType) continue;
    node.addMetadata('cfn-lint', { config: { ignore_checks: [id] } });
  }
}
