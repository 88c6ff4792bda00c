import { environments, promotionOrder, service } from '../../environments/index.ts';
import { checkEnvironments } from '../../lib/contract/validate-environments.ts';

const declared = { service, environments, promotionOrder };
const { dev } = environments;

/** `dev` with one difference beside the others as they are. */
const withDev = (difference: Readonly<Record<string, unknown>>) => ({
  ...declared,
  environments: { ...environments, dev: { ...dev, ...difference } },
});

const problemsOf = (value: unknown) => {
  const check = checkEnvironments(value);
  return check.kind === 'invalid' ? check.problems : [];
};
const fieldsOf = (value: unknown) => problemsOf(value).map(({ field }) => field);

const config = (values: Readonly<Record<string, unknown>>) => ({ service: { ...dev.service, config: values } });
const secrets = (values: Readonly<Record<string, unknown>>) => ({ service: { ...dev.service, secrets: values } });
const hosts = (values: Readonly<Record<string, unknown>>) => ({ hosts: { ...dev.hosts, ...values } });
const network = (values: Readonly<Record<string, unknown>>) => ({ network: { ...dev.network, ...values } });
const image = (values: Readonly<Record<string, unknown>>) => hosts({ image: { ...dev.hosts.image, ...values } });
const domain = (certificateArn: string) => ({
  domain: { name: 'www.example.com', hostedZoneId: 'Z0123456789ABC', certificateArn },
});
const certificate = (region: string, account: string) => `arn:aws:acm:${region}:${account}:certificate/0a-1b`;

/** 44 characters, as `openssl rand -base64 32` gives them. */
const random = 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQGhscHUplaW0=';

describe('environments that are right', () => {
  test('those of this repository are', () => {
    expect(checkEnvironments(declared)).toEqual({ kind: 'valid', declared });
  });

  test.each<readonly [string, Readonly<Record<string, unknown>>]>([
    ['a certificate in region and account of the load balancer', domain(certificate(dev.region, dev.account))],
    ['a freeze with its end', { freeze: { reason: 'holidays', until: '2026-12-24T00:00Z' } }],
    ['one client range', network({ clientRanges: ['192.0.2.1/32'] })],
    ['a long digest in config', config({ COMMIT: 'a1b2c3d4e5f60718293a4b5c6d7e8f9012345678' })],
    ['a long address in config', config({ URL: 'https://example.com/a/very/long/path-with-Words/and/1234567890?a=b' })],
    ['a secret by name and version', secrets({ DATABASE_URL: 3 })],
    ['hosts of the generation before Graviton 2', hosts({ instanceType: 'a1.medium' })],
    ['hosts with local disks', hosts({ instanceType: 'm7gd.medium' })],
    [
      'hosts with GPUs and Intel',
      {
        ...hosts({
          instanceType: 'g4dn.xlarge',
          architecture: 'x64',
          image: { ...dev.hosts.image, architecture: 'x64' },
        }),
      },
    ],
  ])('%s', (_, difference) => {
    expect(problemsOf(withDev(difference))).toEqual([]);
  });
});

describe('environments that are wrong', () => {
  test.each<readonly [string, Readonly<Record<string, unknown>>, string, RegExp]>([
    ['an account with eleven digits', { account: '12345678901' }, 'account', /twelve digits.*"12345678901"/],
    ['no region', { region: 'Frankfurt' }, 'region', /AWS region.*Frankfurt/],
    ['a field that nobody knows', { colour: 'blue' }, 'colour', /colour|never/],
    ['the name of another environment', { name: 'stage' }, 'name', /must be dev.*got stage/],
    ['a range that is none', network({ cidr: '10.10.0.0' }), 'network.cidr', /IPv4 range/],
    ['a range with a byte too large', network({ cidr: '10.300.0.0/16' }), 'network.cidr', /first address.*10\.300/],
    ['a range with bits of a host', network({ cidr: '10.10.1.0/16' }), 'network.cidr', /first address.*10\.10\.1/],
    ['a range too long a prefix', network({ cidr: '10.10.0.0/40' }), 'network.cidr', /first address/],
    ['a range too small', network({ cidr: '10.10.0.0/25' }), 'network.cidr', /between \/16 and \/24.*\/25/],
    ['a range too large', network({ cidr: '10.0.0.0/8' }), 'network.cidr', /between \/16 and \/24.*\/8/],
    [
      'a client range that is none',
      network({ clientRanges: ['10.0.0.1/8'] }),
      'network.clientRanges.0',
      /10\.0\.0\.1\/8/,
    ],
    ['one zone', network({ zones: ['eu-central-1a'] }), 'network.zones', /2 to 4/],
    ['a zone of another region', network({ zones: ['eu-central-1a', 'eu-west-1b'] }), 'network.zones.1', /eu-west-1b/],
    ['a zone that is a region', network({ zones: ['eu-central-1a', 'eu-central-1'] }), 'network.zones.1', /not a zone/],
    ['a zone twice', network({ zones: ['eu-central-1a', 'eu-central-1a'] }), 'network.zones.1', /twice/],
    ['an egress preset that is none', network({ egress: 'vpn' }), 'network.egress', /public, endpoints or nat/],
    [
      'an image of the wrong architecture',
      image({ architecture: 'x64' }),
      'hosts.image.architecture',
      /for x64.*arm64/,
    ],
    ['an image of another region', image({ region: 'us-east-1' }), 'hosts.image.region', /us-east-1.*eu-central-1/],
    ['an image without a proper id', image({ id: 'latest' }), 'hosts.image.id', /ami-/],
    ['Intel machines for arm64', hosts({ instanceType: 't3.small' }), 'hosts.instanceType', /x64.*arm64.*t3\.small/],
    ['Graviton machines for x64', hosts({ architecture: 'x64' }), 'hosts.instanceType', /arm64.*x64/],
    ['an instance type that is none', hosts({ instanceType: 'small' }), 'hosts.instanceType', /t4g\.small/],
    ['more hosts at least than at most', hosts({ min: 3, max: 2 }), 'hosts.max', /at least min, 3 \(got 2\)/],
    ['hosts in more zones than there are', hosts({ zones: 3 }), 'hosts.zones', /at most the 2 zones/],
    ['a protected environment with one host', { protect: true }, 'hosts.min', /at least 2 \(got 1\)/],
    ['a protected environment in one zone', { protect: true, ...hosts({ min: 2 }) }, 'hosts.zones', /at least 2/],
    [
      'a health check that outlasts its interval',
      { health: { ...dev.health, timeoutSeconds: 5 } },
      'health.timeoutSeconds',
      /below intervalSeconds, 5 \(got 5\)/,
    ],
    ['a port that needs root', { service: { ...dev.service, port: 80 } }, 'service.port', /1024/],
    ['the port of a slot', { service: { ...dev.service, port: 3002 } }, 'service.port', /slot green.*3002/],
    ['a number as config', config({ A: 1 }), 'service.config.A', /string/],
    ['config that is too large', config({ A: 'x'.repeat(4_096) }), 'service.config', /at most 4096 bytes.*got 4104/],
    ['config with a small letter', config({ greeting: 'x' }), 'service.config.greeting', /A-Z/],
    ['PORT as config', config({ PORT: '80' }), 'service.config.PORT', /platform/],
    ['HOST as config', config({ HOST: 'x' }), 'service.config.HOST', /platform/],
    ['NODE_ENV as config', config({ NODE_ENV: 'test' }), 'service.config.NODE_ENV', /platform/],
    ['SLIPWAY_ as config', config({ SLIPWAY_HOST: 'x' }), 'service.config.SLIPWAY_HOST', /platform/],
    ['braces that SSM refuses', config({ A: '{{ssm:b}}' }), 'service.config.A', /SSM/],
    ['an access key as config', config({ A: 'AKIAIOSFODNN7EXAMPLE' }), 'service.config.A', /looks like a secret/],
    [
      'a private key as config',
      config({ A: '-----BEGIN RSA PRIVATE KEY-----' }),
      'service.config.A',
      /looks like a secret/,
    ],
    ['a GitHub token as config', config({ A: `ghp_${'a'.repeat(36)}` }), 'service.config.A', /looks like a secret/],
    [
      'a password in a URL as config',
      config({ A: 'postgres://me:hunter2@db/x' }),
      'service.config.A',
      /looks like a secret/,
    ],
    ['random text as config', config({ A: random }), 'service.config.A', /looks like a secret/],
    [
      'a secret that is a value',
      secrets({ AKIAIOSFODNN7EXAMPLE: 1 }),
      'service.secrets.AKIAIOSFODNN7EXAMPLE',
      /looks like a value/,
    ],
    [
      'a secret that is a long value',
      secrets({ [random]: 1 }),
      'service.secrets.q83v… of 44 characters',
      /looks like a value/,
    ],
    ['a secret with a small letter', secrets({ password: 1 }), 'service.secrets.password', /A-Z/],
    ['a secret that the platform sets', secrets({ HOST: 1 }), 'service.secrets.HOST', /platform/],
    ['a secret that is config too', secrets({ GREETING: 1 }), 'service.secrets.GREETING', /config as well/],
    [
      'a certificate of another region',
      domain(certificate('us-east-1', dev.account)),
      'domain.certificateArn',
      /eu-central-1 \(got us-east-1\)/,
    ],
    [
      'a certificate of another account',
      domain(certificate(dev.region, '999999999999')),
      'domain.certificateArn',
      /111122223333 \(got 999999999999\)/,
    ],
    [
      'waves that do not end with all',
      { delivery: { ...dev.delivery, rollout: { ...dev.delivery.rollout, waves: [50] } } },
      'delivery.rollout.waves',
      /end with 100/,
    ],
    [
      'a freeze without an end that exists',
      { freeze: { reason: 'x', until: '2026-13-45T00:00Z' } },
      'freeze',
      /time that exists/,
    ],
    ['a retention that CloudWatch refuses', { logRetentionDays: 8 }, 'logRetentionDays', /one of 1, 3/],
    ['an alarm address that is none', { alarms: { ...dev.alarms, email: 'me' } }, 'alarms.email', /email/],
  ])('%s', (_, difference, field, message) => {
    const problems = problemsOf(withDev(difference)).filter((it) => it.field === `environments.dev.${field}`);
    expect(problems.map(({ problem }) => problem)).toEqual([expect.stringMatching(message)]);
  });

  test('a secret is not printed', () => {
    for (const value of [random, `ghp_${'a'.repeat(36)}`]) {
      expect(JSON.stringify(problemsOf(withDev(config({ A: value }))))).not.toContain(value);
    }
    expect(JSON.stringify(problemsOf(withDev(secrets({ [random]: 1 }))))).not.toContain(random);
  });

  test('ranges that overlap are named with both environments', () => {
    const [problem] = problemsOf(withDev(network({ cidr: '10.20.128.0/20' })));
    expect(problem).toEqual({
      field: 'environments.stage.network.cidr',
      problem: expect.stringMatching(/overlaps 10\.20\.128\.0\/20 of dev \(got 10\.20\.0\.0\/16\)/),
    });
  });

  test('all that is wrong is said at once, in every environment', () => {
    const value = {
      service: 'Hello World',
      environments: {
        dev: { ...dev, account: '1', ...network({ zones: ['us-east-1a', 'us-east-1a'] }), ...config({ PORT: '1' }) },
        stage: { ...environments.stage, region: 'nowhere' },
        prod: { ...environments.prod, hosts: { ...environments.prod.hosts, min: 1 } },
      },
      promotionOrder: ['dev', 'dev'],
    };
    expect(fieldsOf(value).toSorted()).toEqual([
      'environments.dev.account',
      'environments.dev.network.zones.0',
      'environments.dev.network.zones.1',
      'environments.dev.service.config.PORT',
      'environments.prod.hosts.min',
      'environments.stage.region',
      'promotionOrder',
      'service',
    ]);
  });

  test.each([undefined, null, 'text', [], {}, { environments: null }, { environments: { dev: 5 } }])(
    '%j instead of environments is refused, not thrown over',
    (value) => {
      expect(problemsOf(value).length).toBeGreaterThan(0);
    },
  );

  test('an environment that nobody knows is refused, whatever it calls itself', () => {
    expect(fieldsOf({ ...declared, environments: { ...environments, qa: dev } })).toEqual(
      expect.arrayContaining(['environments.qa']),
    );
  });

  test.each(Object.keys(dev))('without %s the other fields are still checked', (field) => {
    const value = { ...dev, ...config({ PORT: '1' }), [field]: undefined };
    const fields = fieldsOf({ ...declared, environments: { ...environments, dev: value } });
    expect(fields).toContain(`environments.dev.${field}`);
    expect(fields.length).toBe(field === 'service' ? 1 : 2);
  });
});
