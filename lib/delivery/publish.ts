/** Brings a release and the agent into the store: blobs first, the manifest last, nothing that is there already. */
import { blobKey, releaseKey } from '../contract/names.ts';
import type { AgentBundle } from './agent-bundle.ts';
import type { Release } from './build.ts';
import type { Call } from './progress.ts';
import type { Body, Store } from './store.ts';

export interface PublishOptions extends Call {
  readonly store: Store;
  readonly release: Release;
  readonly agent: AgentBundle;
}

export interface Published {
  /** Objects. */
  readonly uploaded: number;
  readonly present: number;
  /** Sent to the store. */
  readonly bytes: number;
}

/** Throws `DeliveryError`. */
export async function publish({ store, release, agent, signal, progress }: PublishOptions): Promise<Published> {
  const { app, runtime } = release.files;
  const put = async (what: string, key: string, body: Body, size: number): Promise<number> => {
    const outcome = await store.putNew(key, body, signal);
    const bytes = outcome === 'created' ? size : 0;
    const message = outcome === 'created' ? `${what} uploaded, ${size} bytes` : `${what} is there already`;
    progress({ step: 'publish', message, fields: { what, key, bytes } });
    return bytes;
  };
  const sent = [
    ...(await Promise.all([
      put('runtime', blobKey(runtime.sha256), runtime, runtime.size),
      put('app', blobKey(app.sha256), app, app.size),
      put('agent', blobKey(agent.sha256), { bytes: agent.contents }, agent.size),
    ])),
    // Last: whoever can read the manifest can read all that it names.
    await put(
      'manifest',
      releaseKey(release.digest),
      { text: release.manifestBytes },
      Buffer.byteLength(release.manifestBytes),
    ),
  ];
  const uploaded = sent.filter((bytes) => bytes > 0).length;
  return { uploaded, present: sent.length - uploaded, bytes: sent.reduce((sum, bytes) => sum + bytes, 0) };
}
