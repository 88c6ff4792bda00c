/** One line of log per step of a deployment, however many slices it took. */
import { shortDigest } from '../contract/names.ts';
import { type Core, findPins } from './core.ts';
import type { Clock, Log } from './ports.ts';
import type { Step } from './step.ts';

interface StepLogPorts {
  readonly log: Log;
  readonly clock: Clock;
}

export class StepLog {
  readonly #ports: StepLogPorts;
  #open: { readonly key: string; readonly fields: Readonly<Record<string, unknown>>; readonly sinceMs: number } | null =
    null;

  constructor(ports: StepLogPorts) {
    this.#ports = ports;
  }

  begin(step: Step, core: Core): void {
    const key = JSON.stringify(step);
    if (this.#open?.key === key) return;
    this.idle();
    const sinceMs = this.#ports.clock.monotonicMs();
    this.#open = { key, fields: fieldsOf(step, core), sinceMs };
  }

  /** Writes the step that ended; there is no other. */
  idle(): void {
    if (this.#open === null) return;
    const { fields, sinceMs } = this.#open;
    const tookMs = Math.round(this.#ports.clock.monotonicMs() - sinceMs);
    this.#ports.log.write('info', 'step', { ...fields, tookMs });
    this.#open = null;
  }
}

function fieldsOf(step: Step, core: Core): Readonly<Record<string, unknown>> {
  const { kind, ...rest } = step;
  const { attempt, desired } = core.state.current;
  const pins = 'revision' in step ? findPins(core, step.revision) : (attempt?.pins ?? desired);
  const generation = 'generation' in step ? step.generation : (desired?.generation ?? 0);
  const shown = 'revision' in rest ? { ...rest, revision: shortDigest(rest.revision) } : rest;
  return { step: kind, ...shown, generation, ...(pins ? { release: shortDigest(pins.release) } : {}) };
}
