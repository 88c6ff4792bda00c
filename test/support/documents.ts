/** One valid document of each kind; a test changes the field that it is about. */
import type { AgentSettings } from '../../lib/contract/agent-settings.ts';
import { sha256 } from '../../lib/contract/canonical-json.ts';
import type { DeploymentRecord } from '../../lib/contract/deployment-record.ts';
import { type DesiredState, pinsOf, revisionOf } from '../../lib/contract/desired-state.ts';
import type { HostStatus } from '../../lib/contract/host-status.ts';
import type { InfrastructureRecord } from '../../lib/contract/infrastructure-record.ts';
import type { ReleaseManifest } from '../../lib/contract/release-manifest.ts';
import type { RuntimePins } from '../../lib/contract/runtime-pins.ts';

const commit = 'c0ffee'.repeat(7).slice(0, 40);
const at = '2026-11-23T12:00:00.000Z';

export function releaseManifest(change: Partial<ReleaseManifest> = {}): ReleaseManifest {
  return {
    schema: 1,
    service: 'hello',
    source: { tree: commit, lock: sha256('lock') },
    runtime: { version: '26.10.0', os: 'linux', cpu: 'x64', sha256: sha256('runtime'), size: 7 },
    app: { sha256: sha256('app'), size: 3 },
    start: ['node', 'dist/server.js'],
    health: { path: '/health', intervalMs: 200, timeoutMs: 2_000, passes: 3, deadlineMs: 60_000 },
    stop: { timeoutMs: 10_000 },
    ...change,
  };
}

export function desiredState(change: Partial<DesiredState> = {}): DesiredState {
  return {
    schema: 1,
    environment: 'dev',
    service: 'hello',
    generation: 1,
    commit,
    tree: commit,
    release: sha256('release'),
    config: { parameter: '/hello/dev/config', version: 1, sha256: sha256('{}') },
    secrets: [],
    rollout: { canaries: 0, waves: [100], soakSeconds: 5, haltAfter: 1, pollSeconds: 1 },
    fallback: null,
    freeze: null,
    retry: false,
    ...change,
  };
}

export function hostStatus(change: Partial<HostStatus> = {}): HostStatus {
  const pins = pinsOf(desiredState());
  const running = { revision: revisionOf(pins), release: pins.release };
  return {
    schema: 1,
    environment: 'dev',
    service: 'hello',
    host: 'AROAEXAMPLE:i-0123456789abcdef0',
    generation: 1,
    outcome: 'converged',
    detail: '',
    phase: 'idle',
    serving: { ...running, slot: 'blue', since: at },
    confirmed: { ...running, at },
    rejected: [{ ...running, generation: 1, reason: 'unhealthy', detail: 'GET /health answered 503', at }],
    timings: { stagedMs: 10, startedMs: 90, switchMs: 0.7, bytesFetched: 0 },
    healed: [{ what: 'app restarted: it was killed', at }],
    agent: { version: '0.1.0', startedAt: at },
    reportedAt: at,
    ...change,
  };
}

export function deploymentRecord(change: Partial<DeploymentRecord> = {}): DeploymentRecord {
  const pins = pinsOf(desiredState());
  return {
    schema: 1,
    generation: 1,
    commit,
    tree: commit,
    release: pins.release,
    revision: revisionOf(pins),
    outcome: 'confirmed',
    detail: '',
    hosts: { converged: 2, rejected: 0, held: 0, unreachable: 0, stale: 0, progressing: 0 },
    writtenAt: at,
    endedAt: at,
    by: 'ada',
    ...change,
  };
}

export function infrastructureRecord(change: Partial<InfrastructureRecord> = {}): InfrastructureRecord {
  return { schema: 1, assembly: sha256('assembly'), revision: null, commit, state: 'deployed', at, ...change };
}

export function agentSettings(change: Partial<AgentSettings> = {}): AgentSettings {
  return {
    schema: 1,
    service: 'hello',
    environment: 'dev',
    region: 'eu-central-1',
    bucket: 'slipway-hello-dev-123456789012',
    host: 'AROAEXAMPLE:i-0123456789abcdef0',
    stateDirectory: '/var/lib/slipway',
    runDirectory: '/run/slipway',
    listen: { address: '0.0.0.0', port: 8080 },
    slots: { address: '127.0.0.1', blue: 8081, green: 8082 },
    proxy: 'haproxy',
    supervisor: 'systemd',
    drainSeconds: 30,
    pinned: null,
    ...change,
  };
}

export function runtimePins(): RuntimePins {
  const pin = { integrity: 'sha512-example', sha256: sha256('runtime'), size: 7 };
  return { version: '26.10.0', platforms: { 'linux-x64': pin, 'linux-arm64': pin } };
}
