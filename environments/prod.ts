/** Production: protected, in two zones, slow and careful rollouts. */
import type { Environment } from '../lib/contract/environment.ts';
import image from './prod.image.json';

export const prod: Environment = {
  name: 'prod',
  account: '123456789012',
  region: 'eu-central-1',
  network: {
    cidr: '10.30.0.0/16',
    zones: ['eu-central-1a', 'eu-central-1b'],
    egress: 'endpoints',
    clientRanges: ['0.0.0.0/0'],
  },
  domain: null,
  hosts: { instanceType: 'm7g.medium', architecture: 'arm64', image, min: 2, max: 6, zones: 2, volumeGiB: 30 },
  service: {
    port: 8080,
    config: { GREETING: 'Hello', LOG_LEVEL: 'info' },
    secrets: {},
  },
  health: {
    intervalSeconds: 5,
    timeoutSeconds: 2,
    healthyThreshold: 2,
    unhealthyThreshold: 2,
    graceSeconds: 300,
    drainSeconds: 60,
  },
  delivery: {
    mode: 'pull',
    rollout: { canaries: 1, waves: [50, 100], soakSeconds: 120, haltAfter: 1, pollSeconds: 5 },
    bakeSeconds: 600,
  },
  protect: true,
  alarms: { email: null, serverErrorsPerMinute: 5, latencyMs: 1_000 },
  logRetentionDays: 365,
  freeze: null,
};
