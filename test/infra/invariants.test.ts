import { environments } from '../../environments/index.ts';
import type { Environment } from '../../lib/contract/environment.ts';
import { sshPath } from './ssh-path.ts';
import { listOf, options, recordOf, type Resource, resourcesOf, synthesize, type Templates } from './support.ts';

interface Case {
  readonly environment: Environment;
  readonly templates: Templates;
  readonly resources: readonly Resource[];
}

const cases = new Map<string, Case>();
for (const [name, declared] of Object.entries(environments)) {
  for (const [option, change] of Object.entries(options)) {
    const environment = { ...declared, ...change(declared) };
    const templates = synthesize(environment);
    cases.set(`${name}, ${option}`, { environment, templates, resources: resourcesOf(templates) });
  }
}

const ofType = ({ resources }: Case, ...types: readonly string[]) =>
  resources.filter(({ type }) => types.includes(type));
const launchTemplates = (it: Case) =>
  ofType(it, 'AWS::EC2::LaunchTemplate').map(({ properties }) => recordOf(properties['LaunchTemplateData']));

const inward = (it: Case) => [
  ...ofType(it, 'AWS::EC2::SecurityGroupIngress').map(({ properties }) => properties),
  ...ofType(it, 'AWS::EC2::SecurityGroup').flatMap(({ properties }) =>
    listOf(properties['SecurityGroupIngress']).map(recordOf),
  ),
];
const outward = (it: Case) =>
  ofType(it, 'AWS::EC2::SecurityGroup').flatMap(({ properties }) =>
    listOf(properties['SecurityGroupEgress']).map(recordOf),
  );

/** Every promise that holds in every environment with every option. */
const promises: Readonly<Record<string, (it: Case) => void>> = {
  'T3: tokens, one hop, no key, encrypted disks': (it) => {
    for (const data of launchTemplates(it)) {
      expect(data['MetadataOptions']).toEqual({ HttpTokens: 'required', HttpPutResponseHopLimit: 1 });
      expect(data).not.toHaveProperty('KeyName');
      for (const mapping of listOf(data['BlockDeviceMappings'])) {
        expect(recordOf(recordOf(mapping)['Ebs'])['Encrypted']).toBe(true);
      }
    }
    expect(launchTemplates(it)).toHaveLength(1);
  },
  'T4: nothing lets in port 22 or 3389, or a range of ports': (it) => {
    expect(inward(it).length).toBeGreaterThan(0);
    for (const { FromPort, IpProtocol, ToPort } of inward(it)) {
      expect(IpProtocol).toBe('tcp');
      expect(FromPort).toBe(ToPort);
      expect([22, 3389]).not.toContain(FromPort);
    }
  },
  'T4: what goes out is declared': (it) => {
    for (const { FromPort, ToPort, CidrIp, IpProtocol } of outward(it)) {
      // CDK's way of saying "nothing" is a rule that matches nothing.
      if (CidrIp === '255.255.255.255/32') continue;
      expect({ FromPort, ToPort, IpProtocol }).toEqual({ FromPort: 443, ToPort: 443, IpProtocol: 'tcp' });
    }
  },
  'T5: no public address unless the environment says so; flow logs': (it) => {
    const isPublic = launchTemplates(it).flatMap((data) =>
      listOf(data['NetworkInterfaces']).map((one) => recordOf(one)['AssociatePublicIpAddress']),
    );
    expect(isPublic).toEqual([it.environment.network.egress === 'public']);
    for (const subnet of ofType(it, 'AWS::EC2::Subnet')) expect(subnet.properties['MapPublicIpOnLaunch']).toBe(false);
    expect(ofType(it, 'AWS::EC2::FlowLog')).toHaveLength(1);
  },
  'T6: invalid headers dropped, strictest desync, access logs, protected with its environment': (it) => {
    const [balancer] = ofType(it, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    expect(balancer?.properties['LoadBalancerAttributes']).toEqual(
      expect.arrayContaining([
        { Key: 'access_logs.s3.enabled', Value: 'true' },
        { Key: 'deletion_protection.enabled', Value: String(it.environment.protect) },
        { Key: 'routing.http.desync_mitigation_mode', Value: 'strictest' },
        { Key: 'routing.http.drop_invalid_header_fields.enabled', Value: 'true' },
      ]),
    );
  },
  'T7: load balancer in two zones or more; hosts in as many as the environment says, judged by the load balancer': (
    it,
  ) => {
    const [balancer] = ofType(it, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    expect(listOf(balancer?.properties['Subnets']).length).toBeGreaterThanOrEqual(2);
    const [group] = ofType(it, 'AWS::AutoScaling::AutoScalingGroup');
    expect(group?.properties['HealthCheckType']).toBe('ELB');
    expect(listOf(group?.properties['VPCZoneIdentifier'])).toHaveLength(it.environment.hosts.zones);
    if (!it.environment.protect) return;
    expect(Number(group?.properties['MinSize'])).toBeGreaterThanOrEqual(2);
    expect(it.environment.hosts.zones).toBeGreaterThanOrEqual(2);
  },
  'T8: no bucket is public, each asks for TLS 1.2': (it) => {
    const policies = ofType(it, 'AWS::S3::BucketPolicy').map(({ properties }) => JSON.stringify(properties));
    expect(policies).toHaveLength(ofType(it, 'AWS::S3::Bucket').length);
    for (const policy of policies) {
      expect(policy).toContain('"aws:SecureTransport":"false"');
      expect(policy).toContain('"s3:TlsVersion":1.2');
    }
    for (const { properties } of ofType(it, 'AWS::S3::Bucket')) {
      expect(Object.values(recordOf(properties['PublicAccessBlockConfiguration']))).toEqual([true, true, true, true]);
    }
  },
  'T9: what holds data stays where the environment is protected': (it) => {
    const stateful = ofType(it, 'AWS::S3::Bucket', 'AWS::Logs::LogGroup');
    expect(stateful).toHaveLength(5);
    const expected = it.environment.protect ? 'Retain' : 'Delete';
    expect(new Set(stateful.map(({ deletionPolicy }) => deletionPolicy))).toEqual(new Set([expected]));
  },
  'T11: seven alarms, each with an action': (it) => {
    const alarms = ofType(it, 'AWS::CloudWatch::Alarm');
    expect(alarms).toHaveLength(7);
    for (const { properties } of alarms) expect(listOf(properties['AlarmActions'])).toHaveLength(1);
  },
  'T12: no user data above 16 KB, and nothing in it or in a template that looks like a key': (it) => {
    const texts = Object.values(it.templates).map((template) => JSON.stringify(template.toJSON()));
    for (const text of texts) expect(text).not.toMatch(/AKIA[A-Z0-9]{16}|PRIVATE KEY|SecretString|ssm-secure/);
    for (const data of launchTemplates(it)) expect(JSON.stringify(data['UserData']).length).toBeLessThan(12 * 1024);
  },
  'T10: sessions are logged, end when idle, and are the only way in': (it) => {
    const [session, ...others] = ofType(it, 'AWS::SSM::Document');
    const log = ofType(it, 'AWS::Logs::LogGroup').find(({ id }) => id.startsWith('SessionManagerLog'));
    expect(others).toEqual([]);
    expect(session?.properties).toMatchObject({
      Name: `hello-${it.environment.name}-session`,
      DocumentType: 'Session',
      UpdateMethod: 'NewVersion',
      Content: {
        sessionType: 'Standard_Stream',
        inputs: {
          cloudWatchLogGroupName: { Ref: log?.id },
          cloudWatchStreamingEnabled: true,
          idleSessionTimeout: '10',
          maxSessionDuration: '60',
        },
      },
    });
    expect(log?.properties['RetentionInDays']).toBe(it.environment.logRetentionDays);
    for (const template of Object.values(it.templates)) expect(JSON.stringify(template.toJSON())).not.toMatch(sshPath);
  },
  'a replacement of hosts goes by the same policy in either mode, and watches alarms that are there': (it) => {
    const [group] = Object.values(it.templates.service.findResources('AWS::AutoScaling::AutoScalingGroup'));
    const { Preferences } = recordOf(recordOf(group?.['UpdatePolicy'])['AutoScalingInstanceRefresh']);
    const { AlarmSpecification, ...limits } = recordOf(Preferences);
    expect(limits).toEqual({
      MinHealthyPercentage: 100,
      MaxHealthyPercentage: 200,
      InstanceWarmup: it.environment.health.graceSeconds,
      BakeTime: it.environment.delivery.bakeSeconds,
    });
    const alarms = ofType(it, 'AWS::CloudWatch::Alarm').map(({ properties }) => properties['AlarmName']);
    const watched = listOf(recordOf(AlarmSpecification)['Alarms']);
    expect(watched).toHaveLength(4);
    expect(alarms).toEqual(expect.arrayContaining([...watched]));
  },
  'no function of ours and no custom resource': (it) => {
    expect(it.resources.filter(({ type }) => /^(?:Custom|AWS::Lambda|AWS::CloudFormation)::/.test(type))).toEqual([]);
  },
};

describe.each([...cases.keys()])('%s', (name) => {
  test.each(Object.keys(promises))('%s', (promise) => {
    const it = cases.get(name);
    const holds = promises[promise];
    if (it === undefined || holds === undefined) throw new Error(`no case ${name} or promise ${promise}`);
    holds(it);
    expect(it.resources.length).toBeGreaterThan(40);
  });
});
