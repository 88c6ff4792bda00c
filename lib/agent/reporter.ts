/** Writes the host's status: at each change, and once a minute. Its failures are logged and change nothing. */
import { type HostStatus, statusIntervalSeconds } from '../contract/host-status.ts';
import { backOffMs, type Random, within } from './pause.ts';
import type { Clock, Log, StatusBoard } from './ports.ts';
import { Wake } from './wake.ts';

const writeTimeoutMs = 10_000;

interface ReporterPorts {
  readonly board: StatusBoard;
  readonly clock: Clock;
  readonly log: Log;
}

export class Reporter {
  readonly #ports: ReporterPorts;
  readonly #random: Random;
  readonly #wake = new Wake();
  #latest: HostStatus | null = null;
  #content: string | null = null;
  #failures = 0;

  constructor(ports: ReporterPorts, random: Random) {
    this.#ports = ports;
    this.#random = random;
  }

  /** Only the latest counts: what was not written in time is never written. */
  offer(status: HostStatus): void {
    const content = contentOf(status);
    const isChanged = content !== this.#content;
    this.#latest = status;
    this.#content = content;
    if (isChanged) this.#wake.ring();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const ms = this.#failures > 0 ? backOffMs(this.#failures, this.#random) : statusIntervalSeconds * 1000;
      await this.#wake.wait(this.#ports.clock, ms, signal);
      if (!signal.aborted && this.#latest !== null) await this.#write(this.#latest, signal);
    }
  }

  async #write(latest: HostStatus, signal: AbortSignal): Promise<void> {
    const { board, clock, log } = this.#ports;
    const status = { ...latest, reportedAt: clock.now().toISOString() };
    try {
      const done = await within(clock, { ms: writeTimeoutMs, signal }, async (inner) => {
        await board.write(status, inner);
        return true;
      });
      if (done === null) throw new Error(`no answer within ${writeTimeoutMs / 1000} s`);
      this.#failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      this.#failures += 1;
      if (this.#failures === 1) log.write('warn', 'status cannot be written', { detail: String(error) });
    }
  }
}

/** All of it but the time. */
function contentOf(status: HostStatus): string {
  return JSON.stringify({ ...status, reportedAt: null });
}
