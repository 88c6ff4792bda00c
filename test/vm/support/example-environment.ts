/** An environment of this repository in the lab's account: its bucket, config, first release and desired state, without any stack. */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { environments, service } from '../../../environments/index.ts';
import { canonicalJson } from '../../../lib/contract/canonical-json.ts';
import { type DesiredState, serializeDesiredState } from '../../../lib/contract/desired-state.ts';
import type { Environment } from '../../../lib/contract/environment.ts';
import { configParameterName, desiredStateKey, storeBucketName } from '../../../lib/contract/names.ts';
import { parseRuntimePins } from '../../../lib/contract/runtime-pins.ts';
import { type AgentBundle, bundleAgent } from '../../../lib/delivery/agent-bundle.ts';
import { type Build, build } from '../../../lib/delivery/build.ts';
import { readConfigPin } from '../../../lib/delivery/config-pin.ts';
import { nextDesiredState } from '../../../lib/delivery/next-desired-state.ts';
import { publish } from '../../../lib/delivery/publish.ts';
import { openStore } from '../../../lib/delivery/s3-store.ts';
import type { Store } from '../../../lib/delivery/store.ts';
import type { Lab } from './lab.ts';
import { synthesizedUserData } from './launch-template.ts';
import { cacheDirectory, repository } from './lab-run.ts';

export interface ExampleEnvironment {
  readonly environment: Environment;
  readonly store: Store;
  readonly release: Build;
  readonly bundle: AgentBundle;
  readonly desired: DesiredState;
  /** Of the launch template in the synthesized stack. */
  readonly userData: string;
}

/** `dev`, on this processor. */
export const labEnvironment: Environment = {
  ...environments.dev,
  hosts: {
    ...environments.dev.hosts,
    architecture: process.arch === 'arm64' ? 'arm64' : 'x64',
    instanceType: process.arch === 'arm64' ? 't4g.small' : 't3a.small',
  },
};

export async function deployExample(lab: Lab, environment: Environment = labEnvironment): Promise<ExampleEnvironment> {
  const call = { signal: lab.run.signal, progress: () => undefined };
  const pins = await readFile(join(repository, 'environments', 'runtime.json'), 'utf8');
  const runtime = parseRuntimePins(pins);
  const [bundle, release] = await Promise.all([
    bundleAgent(repository),
    build({
      ...call,
      repository,
      commit: 'HEAD',
      serviceDirectory: 'service',
      service,
      runtimePins: runtime,
      platform: `linux-${environment.hosts.architecture}`,
      cacheDirectory,
      tempDirectory: lab.run.directory.temporary,
      variables: lab.run.variables,
    }),
  ]);
  const bucket = storeBucketName({ ...environment, service, environment: environment.name });
  await createAccount(lab, bucket, environment);
  const store = openStore(bucket, lab.access);
  await publish({ ...call, store, release, agent: bundle });
  const config = await readConfigPin({ service, environment, aws: lab.access, signal: call.signal });
  const desired = nextDesiredState({
    service,
    environment,
    commit: release.commit,
    tree: release.tree,
    release: release.digest,
    config,
    retry: false,
    previous: undefined,
    isPreviousConfirmed: false,
  });
  if (!desired) throw new Error('a first desired state is always written');
  await store.compareAndSwap(desiredStateKey, serializeDesiredState(desired), { etag: null, by: 'lab' }, call.signal);
  const folder = lab.folder;
  const userData = synthesizedUserData({ environment, bundleSha256: bundle.sha256, runtime, folder });
  return { environment, store, release, bundle, desired, userData };
}

/** What the stacks `store` and `config` would have made. */
async function createAccount({ access }: Lab, bucket: string, environment: Environment): Promise<void> {
  const { region, endpoint, credentials } = access;
  const client = { region, ...(endpoint && { endpoint }), ...(credentials && { credentials }) };
  const location = { LocationConstraint: 'eu-central-1' } as const;
  const s3 = new S3Client({ ...client, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: location }));
  const name = configParameterName({ service, environment: environment.name });
  const value = canonicalJson(environment.service.config);
  await new SSMClient(client).send(new PutParameterCommand({ Name: name, Value: value, Type: 'String' }));
}
