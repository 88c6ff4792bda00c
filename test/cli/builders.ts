/** Environments and hosts as the command line sees them, for its tests. */
import type { HostOutcome } from '../../lib/contract/host-status.ts';
import type { Build } from '../../lib/delivery/build.ts';
import type { Deployment } from '../../lib/delivery/deployment.ts';
import type { HistoryEntry } from '../../lib/delivery/history.ts';
import type { Published } from '../../lib/delivery/publish.ts';
import type { EnvironmentStatus } from '../../lib/delivery/status.ts';
import type { HostView } from '../../lib/delivery/wait.ts';
import {
  deploymentRecord,
  desiredState,
  hostStatus,
  infrastructureRecord,
  releaseManifest,
} from '../support/documents.ts';

export const nowMs = Date.parse('2026-11-23T12:00:00Z');
export const at = (secondsAgo: number): string => new Date(nowMs - secondsAgo * 1_000).toISOString();

export const release = '9f8e7d6c5b4a'.padEnd(64, '0');
export const oldRelease = '0123456789ab'.padEnd(64, '0');
export const revision = 'feed'.padEnd(64, '0');
export const desired = desiredState({ generation: 12, release });

const times = { writtenAt: at(190), endedAt: at(177.6) };
export const record = deploymentRecord({ generation: 12, release, revision, by: 'Ada Lovelace', ...times });

export function hostView(host: string, outcome: HostOutcome = 'converged', view: Partial<HostView> = {}): HostView {
  const serving = { revision, release: outcome === 'converged' ? release : oldRelease };
  const status = hostStatus({
    host: `AROAEXAMPLE:${host}`,
    generation: 12,
    outcome: outcome === 'unreachable' || outcome === 'stale' ? 'progressing' : outcome,
    serving: { ...serving, slot: 'blue', since: at(180) },
    rejected: [],
    healed: [],
    reportedAt: at(20),
  });
  return { host: status.host, outcome, detail: '', status, ageSeconds: 20, ...view };
}

export function environmentStatus(status: Partial<EnvironmentStatus> = {}): EnvironmentStatus {
  return {
    desired: { value: desired, etag: '"1"', writtenAt: new Date(times.writtenAt), by: 'Ada Lovelace' },
    revision,
    infrastructure: infrastructureRecord({ at: at(900) }),
    record,
    hosts: [hostView('i-0a1b2c3d4e5f60718'), hostView('i-0f1e2d3c4b5a69788')],
    ...status,
  };
}

export const historyEntry: HistoryEntry = {
  generation: 12,
  commit: desired.commit,
  tree: desired.tree,
  release,
  revision,
  writtenAt: times.writtenAt,
  by: 'Ada Lovelace',
  outcome: 'confirmed',
  detail: '',
  seconds: 12.4,
};

const manifest = releaseManifest();

export const build: Build = {
  digest: release,
  manifest,
  manifestBytes: '{}',
  files: {
    app: { ...manifest.app, path: '/cache/app' },
    runtime: { sha256: manifest.runtime.sha256, size: 57_305_906, path: '/cache/runtime' },
  },
  commit: desired.commit,
  tree: desired.tree,
  cached: false,
  seconds: 3.21,
};

export const published: Published = { uploaded: 2, present: 2, bytes: 34_512 };

export function deployment(change: Partial<Deployment> = {}): Deployment {
  return {
    kind: 'finished',
    desired,
    revision,
    stacks: 'unchanged',
    published,
    record,
    hosts: environmentStatus().hosts,
    seconds: { publish: 0.31, stacks: 0.02, wait: 7.42, total: 8.1 },
    ...change,
  };
}
