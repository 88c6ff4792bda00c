/**
 * CDK's classes as its own interfaces: they declare optional members as `T | undefined`, which
 * exactOptionalPropertyTypes refuses where the interface says `?: T`.
 */
import type { aws_ec2 as ec2, aws_s3 as s3, DefaultStackSynthesizer, IStackSynthesizer } from 'aws-cdk-lib';

export function asInterface(construct: ec2.Vpc): ec2.IVpc;
export function asInterface(construct: s3.Bucket): s3.IBucket;
export function asInterface(construct: DefaultStackSynthesizer): IStackSynthesizer;
export function asInterface(construct: unknown): unknown {
  return construct;
}
