import { Match } from 'aws-cdk-lib/assertions';
import { environments } from '../../environments/index.ts';
import { devWith, resourcesOf } from './support.ts';

const egress = (preset: 'public' | 'endpoints' | 'nat') =>
  devWith(({ network }) => ({ network: { ...network, egress: preset } })).network;

const subnetRanges = (template: ReturnType<typeof egress>) =>
  Object.values(template.findResources('AWS::EC2::Subnet')).map(({ Properties }) => Properties['CidrBlock']);

describe('the network of an environment', () => {
  test('has the range and the zones that the environment names, and asks AWS for none', () => {
    const { network } = devWith();
    network.hasResourceProperties('AWS::EC2::VPC', { CidrBlock: environments.dev.network.cidr });
    const zones = Object.values(network.findResources('AWS::EC2::Subnet')).map(
      (it) => it.Properties['AvailabilityZone'],
    );
    expect(zones).toEqual(['eu-central-1a', 'eu-central-1b']);
  });

  test('with egress public: no NAT gateway, no endpoint but the free one of S3', () => {
    const template = egress('public');
    template.resourceCountIs('AWS::EC2::NatGateway', 0);
    template.resourceCountIs('AWS::EC2::VPCEndpoint', 1);
    template.hasResourceProperties('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' });
  });

  test('with egress endpoints: hosts without a way to the internet, four doors to AWS', () => {
    const template = egress('endpoints');
    template.resourceCountIs('AWS::EC2::NatGateway', 0);
    template.resourcePropertiesCountIs('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Interface' }, 4);
    template.resourcePropertiesCountIs('AWS::EC2::Route', { DestinationCidrBlock: '0.0.0.0/0' }, 2);
  });

  test('the doors to AWS take HTTPS from the network only', () => {
    egress('endpoints').hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupIngress: [Match.objectLike({ CidrIp: environments.dev.network.cidr, FromPort: 443, ToPort: 443 })],
    });
  });

  test('with egress nat: one gateway per zone', () => {
    egress('nat').resourceCountIs('AWS::EC2::NatGateway', 2);
  });

  test('another preset or another zone moves no subnet that is there', () => {
    const small = subnetRanges(egress('public'));
    const presets = subnetRanges(egress('nat'));
    const zones = subnetRanges(
      devWith(({ network }) => ({
        network: { ...network, egress: 'nat', zones: [...network.zones, 'eu-central-1c'] },
      })).network,
    );
    expect(presets).toEqual(expect.arrayContaining(small));
    expect(zones).toEqual(expect.arrayContaining(presets));
  });

  test('T5: what crosses the network is logged', () => {
    devWith().network.hasResourceProperties('AWS::EC2::FlowLog', { ResourceType: 'VPC', TrafficType: 'ALL' });
  });

  test('T4: the default security group is emptied every day, without a function of ours', () => {
    const { network } = devWith();
    for (const direction of ['Ingress', 'Egress']) {
      network.hasResourceProperties('AWS::Scheduler::Schedule', {
        ScheduleExpression: 'rate(1 day)',
        Target: Match.objectLike({ Arn: `arn:aws:scheduler:::aws-sdk:ec2:revokeSecurityGroup${direction}` }),
      });
    }
    expect(resourcesOf(devWith()).filter(({ type }) => /Lambda|Custom/.test(type))).toEqual([]);
  });

  test('the role that empties it may do nothing else, to no other group', () => {
    devWith().network.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: Match.objectLike({
        Statement: [
          {
            Effect: 'Allow',
            Action: ['ec2:RevokeSecurityGroupEgress', 'ec2:RevokeSecurityGroupIngress'],
            Resource: { 'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp(':security-group/$')])] },
          },
        ],
      }),
    });
  });
});
