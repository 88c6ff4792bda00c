/** The fakes of the agent's tests keep the same promises as what they stand for. */
import type { Launch } from '../../../lib/agent/ports.ts';
import { sha256 } from '../../../lib/contract/canonical-json.ts';
import { releaseManifest } from '../../support/documents.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeBlobs, FakeFile, FakeProbe, FakeProxy, FakeSupervisor } from '../../support/fake-host.ts';
import { FakeMetrics } from '../../support/fake-metrics.ts';
import { FakeStore } from '../../support/fake-store.ts';
import { blobDirectoryContract } from './blob-directory-contract.ts';
import { desiredStateContract } from './desired-state-contract.ts';
import { durableFileContract } from './durable-file-contract.ts';
import { healthProbeContract } from './health-probe-contract.ts';
import { metricsContract } from './metrics-contract.ts';
import { parameterSourceContract } from './parameter-source-contract.ts';
import { proxyContract } from './proxy-contract.ts';
import { releaseSourceContract } from './release-source-contract.ts';
import { statusBoardContract } from './status-board-contract.ts';
import { supervisorContract } from './supervisor-contract.ts';

const dispose = async () => undefined;

function launch(mark: string): Launch {
  return {
    revision: sha256(mark),
    release: sha256(mark),
    manifest: releaseManifest(),
    appDirectory: '/app',
    nodeBinary: '/node',
    environment: {},
  };
}

desiredStateContract('the fake', async () => {
  const store = new FakeStore(new FakeClock());
  return {
    source: store.source(),
    put: async (text) => {
      store.desired = text;
    },
  };
});

releaseSourceContract('the fake', async () => {
  const store = new FakeStore(new FakeClock());
  return {
    releases: store.releases(),
    putManifest: async (digest, text) => void store.manifests.set(digest, text),
    putBlob: async (digest, bytes) => void store.blobs.set(digest, bytes),
  };
});

parameterSourceContract('the fake', async () => {
  const store = new FakeStore(new FakeClock());
  return {
    parameters: store.parameterSource(),
    put: async (name, value) => void store.parameters.set(`${name}:1`, value),
  };
});

statusBoardContract('the fake', async () => {
  const store = new FakeStore(new FakeClock());
  return { boardOf: () => store.board() };
});

metricsContract('the fake', async () => {
  const metrics = new FakeMetrics();
  return { metrics, sumOf: async (name) => metrics.sumOf(name) };
});

supervisorContract('in memory', async () => {
  const supervisor = new FakeSupervisor(new FakeClock());
  return { supervisor, launch, dispose, crash: async (slot) => supervisor.kill(slot) };
});

proxyContract('in memory', async () => ({ proxy: new FakeProxy(), dispose }));

blobDirectoryContract('in memory', async () => ({ blobs: new FakeBlobs(), dispose }));

durableFileContract('in memory', async () => new FakeFile());

healthProbeContract('in memory', async () => {
  const supervisor = new FakeSupervisor(new FakeClock());
  return {
    probe: new FakeProbe(supervisor),
    dispose,
    async serve(slot, isHealthy) {
      const mark = `${isHealthy}`;
      supervisor.behaviours.set(sha256(mark), { health: () => isHealthy });
      await supervisor.start(slot, launch(mark));
    },
  };
});
