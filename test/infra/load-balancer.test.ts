import { Match } from 'aws-cdk-lib/assertions';
import { hostHealthPath } from '../../lib/contract/names.ts';
import { devWith, options } from './support.ts';

const attributes = (expected: Readonly<Record<string, string>>) =>
  Match.arrayWith(
    Object.entries(expected)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([Key, Value]) => ({ Key, Value })),
  );

const deletionProtection = (value: string) => ({
  LoadBalancerAttributes: attributes({ 'deletion_protection.enabled': value }),
});

const withDomain = () => devWith(options['a domain']).service;

describe('the load balancer', () => {
  test('T6: drops invalid headers, defends against desync, logs who came', () => {
    const { service } = devWith();
    for (const [key, value] of Object.entries({
      'access_logs.s3.enabled': 'true',
      'idle_timeout.timeout_seconds': '60',
      'routing.http.desync_mitigation_mode': 'strictest',
      'routing.http.drop_invalid_header_fields.enabled': 'true',
    })) {
      service.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', {
        LoadBalancerAttributes: attributes({ [key]: value }),
      });
    }
  });

  test('T6: protected from deletion only where the environment is protected', () => {
    devWith().service.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', deletionProtection('false'));
    devWith(options.protected).service.hasResourceProperties(
      'AWS::ElasticLoadBalancingV2::LoadBalancer',
      deletionProtection('true'),
    );
  });

  test('asks each host for its health, and lets it go quickly', () => {
    devWith().service.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      Port: 8080,
      Protocol: 'HTTP',
      TargetType: 'instance',
      HealthCheckPath: hostHealthPath,
      HealthCheckIntervalSeconds: 5,
      HealthCheckTimeoutSeconds: 2,
      HealthyThresholdCount: 2,
      UnhealthyThresholdCount: 2,
      Matcher: { HttpCode: '200' },
      TargetGroupAttributes: attributes({ 'deregistration_delay.timeout_seconds': '30' }),
    });
  });

  test('without a domain speaks HTTP to the hosts', () => {
    const { service } = devWith();
    service.resourceCountIs('AWS::ElasticLoadBalancingV2::Listener', 1);
    service.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 80,
      DefaultActions: [Match.objectLike({ Type: 'forward' })],
    });
    service.resourceCountIs('AWS::Route53::RecordSet', 0);
  });

  test('T6: with a domain speaks TLS 1.2 or later, and sends HTTP there', () => {
    const service = withDomain();
    service.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 443,
      Protocol: 'HTTPS',
      SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-Res-2021-06',
      DefaultActions: [Match.objectLike({ Type: 'forward' })],
    });
    service.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 80,
      DefaultActions: [
        { Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' } },
      ],
    });
    service.hasResourceProperties('AWS::Route53::RecordSet', { Name: 'www.example.com.', Type: 'A' });
    service.hasOutput('Url', { Value: 'https://www.example.com' });
  });

  test('T4: lets in the ranges that the environment names, and reaches the port of the hosts only', () => {
    const service = devWith(options['two client ranges']).service;
    service.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupIngress: [
        Match.objectLike({ CidrIp: '192.0.2.0/24', FromPort: 80, ToPort: 80 }),
        Match.objectLike({ CidrIp: '198.51.100.0/24', FromPort: 80, ToPort: 80 }),
      ],
    });
    service.resourceCountIs('AWS::EC2::SecurityGroupEgress', 1);
    service.hasResourceProperties('AWS::EC2::SecurityGroupEgress', { FromPort: 8080, ToPort: 8080 });
  });
});
