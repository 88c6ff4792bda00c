/** Polls the desired state, and says when a newer generation is there. */
import { type DesiredState, serializeDesiredState } from '../contract/desired-state.ts';
import type { AgentProps } from './agent-props.ts';
import { backOffMs, jitteredMs, within } from './pause.ts';
import type { DesiredStateRead, Unavailable } from './ports.ts';
import { Wake } from './wake.ts';

const readTimeoutMs = 10_000;
/** Until the first desired state was seen: a new host is to serve soon. */
const firstPollSeconds = 1;
/** What a person must mend is not asked for as often as what passes by itself. */
const firstPauseMs: Record<Unavailable['cause'], number> = {
  denied: 5_000,
  throttled: 5_000,
  'missing-bucket': 2_000,
  server: 1_000,
  timeout: 1_000,
  network: 1_000,
};

export interface SourceListener {
  /** The newest that was accepted; null: none. */
  accepted(): DesiredState | null;
  /** A newer generation than the accepted one. */
  observed(state: DesiredState): void;
}

export class SourceLoop {
  readonly #props: AgentProps;
  readonly #listener: SourceListener;
  readonly #wake = new Wake();
  #newest: DesiredState | null = null;
  #isReadable: boolean | null = null;
  #failures = 0;
  #trouble: string | null = null;
  #reading: Promise<boolean> | null = null;
  #answeredMs: number;

  constructor(props: AgentProps, listener: SourceListener) {
    this.#props = props;
    this.#listener = listener;
    this.#answeredMs = props.ports.clock.monotonicMs();
  }

  /** The newest that was seen; it may not be accepted yet. */
  get newest(): DesiredState | null {
    return this.#newest;
  }

  /** Whether the last read was answered; null: none was made. */
  get isReadable(): boolean | null {
    return this.#isReadable;
  }

  /** How long ago a read was answered, with `unchanged` or anything else; before the first, how long the agent runs. */
  get ageMs(): number {
    return this.#props.ports.clock.monotonicMs() - this.#answeredMs;
  }

  /** Why the last read brought nothing that can be used; null: nothing is wrong. */
  get trouble(): string | null {
    return this.#trouble;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const pauseMs = await this.#turn(signal);
      await this.#wake.wait(this.#props.ports.clock, pauseMs, signal);
    }
  }

  /** One read now, by whoever needs to know; false: not answered. */
  async readNow(signal: AbortSignal): Promise<boolean> {
    this.#reading ??= this.#read(signal).finally(() => (this.#reading = null));
    return await this.#reading;
  }

  async #turn(signal: AbortSignal): Promise<number> {
    await this.readNow(signal);
    const { random } = this.#props;
    if (this.#failures > 0) return backOffMs(this.#failures, random, { baseMs: this.#firstPauseMs });
    return jitteredMs((this.#known()?.rollout.pollSeconds ?? firstPollSeconds) * 1000, random);
  }

  #firstPauseMs = 1_000;

  async #read(signal: AbortSignal): Promise<boolean> {
    const { clock, log, source } = { ...this.#props.ports };
    let read: DesiredStateRead;
    try {
      const answer = await within(clock, { ms: readTimeoutMs, signal }, (inner) => source.read(inner));
      read = answer ?? { kind: 'unavailable', cause: 'timeout', detail: `no answer within ${readTimeoutMs / 1000} s` };
    } catch (error) {
      read = { kind: 'unavailable', cause: 'network', detail: String(error) };
    }
    if (signal.aborted) return false;
    this.#isReadable = read.kind !== 'unavailable';
    if (read.kind === 'unavailable') {
      this.#failures += 1;
      this.#firstPauseMs = firstPauseMs[read.cause];
      this.#setTrouble(`desired state cannot be read: ${read.cause}: ${read.detail}`);
      return false;
    }
    if (this.#failures > 0) log.write('info', 'desired state can be read again', { failures: this.#failures });
    this.#failures = 0;
    this.#answeredMs = clock.monotonicMs();
    this.#take(read);
    return true;
  }

  #take(read: Exclude<DesiredStateRead, Unavailable>): void {
    if (read.kind === 'unchanged') return;
    if (read.kind === 'absent') return this.#setTrouble(null);
    const refusal = read.kind === 'invalid' ? read.detail : this.#refusal(read.state);
    this.#setTrouble(refusal === null ? null : `desired state is refused: ${refusal}`);
    if (refusal !== null || read.kind === 'invalid') return;
    const isNewer = read.state.generation > this.#knownGeneration();
    this.#newest = read.state;
    if (isNewer) this.#listener.observed(read.state);
  }

  #known(): DesiredState | null {
    return this.#newest ?? this.#listener.accepted();
  }

  #knownGeneration(): number {
    return this.#known()?.generation ?? 0;
  }

  /** A bucket that was mixed up, or an old document that was put back, must not change what runs here. */
  #refusal(state: DesiredState): string | null {
    const { service, environment } = this.#props;
    if (state.service !== service || state.environment !== environment) {
      return `it is of ${state.service} in ${state.environment}, this host is of ${service} in ${environment}`;
    }
    const known = this.#known();
    if (known === null || state.generation > known.generation) return null;
    if (state.generation < known.generation) {
      return `generation ${state.generation} is older than ${known.generation}, which was accepted; deploy again`;
    }
    const isSame = serializeDesiredState(state) === serializeDesiredState(known);
    return isSame ? null : `generation ${state.generation} was accepted with other content; deploy again`;
  }

  #setTrouble(trouble: string | null): void {
    if (trouble !== null && trouble !== this.#trouble) {
      this.#props.ports.log.write('warn', 'desired state cannot be used', { detail: trouble });
    }
    this.#trouble = trouble;
  }
}
