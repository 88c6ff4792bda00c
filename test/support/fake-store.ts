/** The bucket and the parameters of an environment, in memory, shared by all hosts of a test. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { DesiredStateSource, ParameterSource, ReleaseSource, StatusBoard } from '../../lib/agent/ports.ts';
import type { DesiredStateRead, Fetched, Unavailable } from '../../lib/agent/ports.ts';
import { sha256 } from '../../lib/contract/canonical-json.ts';
import { ContractError } from '../../lib/contract/document.ts';
import { parseDesiredState, serializeDesiredState } from '../../lib/contract/desired-state.ts';
import type { DesiredState } from '../../lib/contract/desired-state.ts';
import { type HostStatus, parseHostStatus, serializeHostStatus } from '../../lib/contract/host-status.ts';
import { type ReleaseManifest, parseReleaseManifest } from '../../lib/contract/release-manifest.ts';
import type { FakeClock } from './fake-clock.ts';

export type Operation = 'desired' | 'manifest' | 'blob' | 'parameter' | 'status' | 'list';

export class FakeStore {
  desired: string | null = null;
  readonly manifests = new Map<string, string>();
  readonly blobs = new Map<string, Buffer>();
  /** By `name:version`. */
  readonly parameters = new Map<string, string>();
  readonly statuses = new Map<string, { readonly text: string; readonly atMs: number }>();
  /** How often each operation was asked for, with its subject. */
  readonly calls: string[] = [];
  /** What an operation answers instead; `hang` answers never. */
  fault: (operation: Operation, subject: string) => Unavailable | 'hang' | null = () => null;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  addBlob(bytes: Buffer): { readonly sha256: string; readonly size: number } {
    const digest = createHash('sha256').update(bytes).digest('hex');
    this.blobs.set(digest, bytes);
    return { sha256: digest, size: bytes.length };
  }

  writeDesired(state: DesiredState): void {
    this.desired = serializeDesiredState(state);
  }

  statusOf(host: string): HostStatus | null {
    const found = this.statuses.get(host);
    return found === undefined ? null : parseHostStatus(found.text);
  }

  source(): DesiredStateSource {
    let seen: string | null = null;
    return {
      read: async (signal): Promise<DesiredStateRead> => {
        const failed = await this.#failure('desired', '', signal);
        if (failed !== null) return failed;
        if (this.desired === null) return { kind: 'absent' };
        if (sha256(this.desired) === seen) return { kind: 'unchanged' };
        try {
          const state = parseDesiredState(this.desired);
          seen = sha256(this.desired);
          return { kind: 'changed', state };
        } catch (error) {
          if (error instanceof ContractError) return { kind: 'invalid', detail: error.message };
          throw error;
        }
      },
    };
  }

  releases(): ReleaseSource {
    return {
      manifest: async (digest, signal): Promise<Fetched<ReleaseManifest>> => {
        const failed = await this.#failure('manifest', digest, signal);
        if (failed !== null) return failed;
        const text = this.manifests.get(digest);
        if (text === undefined) return { kind: 'refused', reason: 'release-not-found', detail: digest };
        if (sha256(text) !== digest) return { kind: 'refused', reason: 'digest-mismatch', detail: digest };
        return { kind: 'fetched', value: parseReleaseManifest(text), bytes: text.length };
      },
      blob: async (digest, signal): Promise<Fetched<NodeJS.ReadableStream>> => {
        const failed = await this.#failure('blob', digest, signal);
        if (failed !== null) return failed;
        const bytes = this.blobs.get(digest);
        if (bytes === undefined) return { kind: 'refused', reason: 'blob-not-found', detail: digest };
        return { kind: 'fetched', value: Readable.from([bytes]), bytes: bytes.length };
      },
    };
  }

  parameterSource(): ParameterSource {
    return {
      read: async (name, version, signal): Promise<Fetched<string>> => {
        const failed = await this.#failure('parameter', name, signal);
        if (failed !== null) return failed;
        const value = this.parameters.get(`${name}:${version}`);
        if (value === undefined) {
          return { kind: 'refused', reason: 'config-unreadable', detail: `${name} has no version ${version}` };
        }
        return { kind: 'fetched', value, bytes: value.length };
      },
    };
  }

  board(): StatusBoard {
    return {
      write: async (status, signal) => {
        const failed = await this.#failure('status', status.host, signal);
        if (failed !== null) throw new Error(failed.detail);
        this.statuses.set(status.host, { text: serializeHostStatus(status), atMs: this.#clock.monotonicMs() });
      },
      list: async (signal) => {
        const failed = await this.#failure('list', '', signal);
        if (failed !== null) throw new Error(failed.detail);
        return [...this.statuses.values()].map(({ text, atMs }) => ({
          status: parseHostStatus(text),
          ageMs: this.#clock.monotonicMs() - atMs,
        }));
      },
    };
  }

  async #failure(operation: Operation, subject: string, signal: AbortSignal): Promise<Unavailable | null> {
    this.calls.push(`${operation} ${subject}`.trim());
    const fault = this.fault(operation, subject);
    if (fault !== 'hang') return fault;
    return await new Promise((resolve) =>
      signal.addEventListener('abort', () => resolve(unavailable('timeout')), { once: true }),
    );
  }
}

export function unavailable(cause: Unavailable['cause'] = 'server'): Unavailable {
  return { kind: 'unavailable', cause, detail: `the test says ${cause}` };
}
