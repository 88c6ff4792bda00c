/** Where changes are tried: one small host, no addresses to pay for but its own, quick rollouts. */
import type { Environment } from '../lib/contract/environment.ts';
import image from './dev.image.json';

export const dev: Environment = {
  name: 'dev',
  account: '111122223333',
  region: 'eu-central-1',
  network: {
    cidr: '10.10.0.0/16',
    zones: ['eu-central-1a', 'eu-central-1b'],
    egress: 'public',
    clientRanges: ['0.0.0.0/0'],
  },
  domain: null,
  hosts: { instanceType: 't4g.small', architecture: 'arm64', image, min: 1, max: 2, zones: 1, volumeGiB: 16 },
  service: {
    port: 8080,
    config: { GREETING: 'Hello from dev', LOG_LEVEL: 'debug' },
    secrets: {},
  },
  health: {
    intervalSeconds: 5,
    timeoutSeconds: 2,
    healthyThreshold: 2,
    unhealthyThreshold: 2,
    graceSeconds: 300,
    drainSeconds: 30,
  },
  delivery: {
    mode: 'pull',
    rollout: { canaries: 0, waves: [100], soakSeconds: 3, haltAfter: 1, pollSeconds: 1 },
    bakeSeconds: 0,
  },
  protect: false,
  alarms: { email: null, serverErrorsPerMinute: 20, latencyMs: 2_000 },
  logRetentionDays: 7,
  freeze: null,
};
