/** A valid environment; a test changes the field that it is about. */
import type { Environment } from '../../lib/contract/environment.ts';

export function environment(change: Partial<Environment> = {}): Environment {
  return {
    name: 'dev',
    account: '111122223333',
    region: 'eu-central-1',
    network: {
      cidr: '10.1.0.0/20',
      zones: ['eu-central-1a', 'eu-central-1b'],
      egress: 'public',
      clientRanges: ['0.0.0.0/0'],
    },
    domain: null,
    hosts: {
      instanceType: 't4g.small',
      architecture: 'arm64',
      image: {
        id: 'ami-0123456789abcdef0',
        name: 'al2023',
        family: '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64',
        region: 'eu-central-1',
        architecture: 'arm64',
      },
      min: 1,
      max: 2,
      zones: 1,
      volumeGiB: 16,
    },
    service: { port: 8080, config: { GREETING: 'hello' }, secrets: {} },
    health: {
      intervalSeconds: 5,
      timeoutSeconds: 2,
      healthyThreshold: 2,
      unhealthyThreshold: 2,
      graceSeconds: 120,
      drainSeconds: 30,
    },
    delivery: {
      mode: 'pull',
      rollout: { canaries: 0, waves: [100], soakSeconds: 5, haltAfter: 1, pollSeconds: 1 },
      bakeSeconds: 0,
    },
    protect: false,
    alarms: { email: null, serverErrorsPerMinute: 5, latencyMs: 1_000 },
    logRetentionDays: 7,
    freeze: null,
    ...change,
  };
}
