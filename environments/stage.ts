/** Production in small: the same network and rollout, with smaller hosts. */
import type { Environment } from '../lib/contract/environment.ts';
import image from './stage.image.json';

export const stage: Environment = {
  name: 'stage',
  account: '444455556666',
  region: 'eu-central-1',
  network: {
    cidr: '10.20.0.0/16',
    zones: ['eu-central-1a', 'eu-central-1b'],
    egress: 'endpoints',
    clientRanges: ['0.0.0.0/0'],
  },
  domain: null,
  hosts: { instanceType: 't4g.small', architecture: 'arm64', image, min: 2, max: 4, zones: 2, volumeGiB: 16 },
  service: {
    port: 8080,
    config: { GREETING: 'Hello from stage', LOG_LEVEL: 'info' },
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
    rollout: { canaries: 1, waves: [50, 100], soakSeconds: 30, haltAfter: 1, pollSeconds: 5 },
    bakeSeconds: 300,
  },
  protect: false,
  alarms: { email: null, serverErrorsPerMinute: 10, latencyMs: 1_000 },
  logRetentionDays: 30,
  freeze: null,
};
