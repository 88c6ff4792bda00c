import { Match } from 'aws-cdk-lib/assertions';
import { environments } from '../../environments/index.ts';
import { devWith, options } from './support.ts';

const launchTemplate = (expected: Readonly<Record<string, unknown>>, templates = devWith()) =>
  templates.service.hasResourceProperties('AWS::EC2::LaunchTemplate', {
    LaunchTemplateData: Match.objectLike(expected),
  });
const egress = (preset: 'public' | 'endpoints') =>
  devWith(({ network }) => ({ network: { ...network, egress: preset } }));

const address = (isPublic: boolean) => ({
  NetworkInterfaces: [Match.objectLike({ AssociatePublicIpAddress: isPublic })],
});
const subnets = (count: number) => Array.from({ length: count }, () => Match.anyValue());

describe('the hosts', () => {
  test('T3: tokens for their metadata, one hop far, no key, encrypted disks', () => {
    launchTemplate({
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
      KeyName: Match.absent(),
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: true, VolumeSize: 16, VolumeType: 'gp3' } }],
    });
  });

  test('run the image and on the machine that the environment pins', () => {
    const { image, instanceType } = environments.dev.hosts;
    launchTemplate({ ImageId: image.id, InstanceType: instanceType });
  });

  test('T5: have a public address only with egress public', () => {
    launchTemplate(address(true), egress('public'));
    launchTemplate(address(false), egress('endpoints'));
  });

  test('T4: are reached by the load balancer only, and reach HTTPS only', () => {
    const { service } = devWith();
    service.resourceCountIs('AWS::EC2::SecurityGroupIngress', 1);
    service.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      FromPort: 8080,
      ToPort: 8080,
      SourceSecurityGroupId: { 'Fn::GetAtt': [Match.stringLikeRegexp('^LoadBalancer'), 'GroupId'] },
    });
    service.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupIngress: Match.absent(),
      SecurityGroupEgress: [Match.objectLike({ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443, IpProtocol: 'tcp' })],
    });
  });

  test('T7: stand in as many zones as the environment says, judged by the load balancer', () => {
    devWith().service.hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', {
      MinSize: '1',
      MaxSize: '2',
      DesiredCapacity: Match.absent(),
      HealthCheckType: 'ELB',
      HealthCheckGracePeriod: 300,
      VPCZoneIdentifier: subnets(1),
    });
    devWith(options.protected).service.hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', {
      MinSize: '2',
      VPCZoneIdentifier: subnets(2),
    });
  });

  test('are replaced a new one first; alarms that speak of them end it, by name and so without a circle', () => {
    devWith().service.hasResource('AWS::AutoScaling::AutoScalingGroup', {
      UpdatePolicy: {
        AutoScalingInstanceRefresh: Match.objectLike({
          Strategy: 'Rolling',
          Preferences: {
            MinHealthyPercentage: 100,
            MaxHealthyPercentage: 200,
            InstanceWarmup: environments.dev.health.graceSeconds,
            BakeTime: environments.dev.delivery.bakeSeconds,
            AlarmSpecification: {
              Alarms: ['ServerErrors', 'Latency', 'UnhealthyHosts', 'ReleaseRejected'].map(
                (name) => `hello-dev-${name}`,
              ),
            },
          },
        }),
      },
    });
    devWith().service.resourceCountIs('AWS::AutoScaling::LaunchConfiguration', 0);
  });
});
