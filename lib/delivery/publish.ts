/** Brings a release and the agent into the store: blobs first, the manifest last, nothing that is there already. */
import type { AgentBundle } from './agent-bundle.ts';
import type { Release } from './build.ts';
import type { Call } from './progress.ts';
import type { Store } from './store.ts';

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
export async function publish(options: PublishOptions): Promise<Published> {
  options.signal.throwIfAborted();
  throw new Error('not built yet');
}
