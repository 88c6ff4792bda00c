/** The agent: looks, judges, takes one step, and looks again; beside it the desired state is polled and the status reported. */
import type { AgentProps } from './agent-props.ts';
import { emptyAgentState } from './agent-state.ts';
import type { AgentState } from './agent-state.ts';
import { BackgroundTasks } from './background-tasks.ts';
import { type Core, findPins, timeNow } from './core.ts';
import { perform, rejectAttempt } from './deployment.ts';
import { DurableState } from './durable-state.ts';
import { decide } from './goal.ts';
import { reportOf } from './host-report.ts';
import { newMemory } from './memory.ts';
import { intentOf, observe } from './observe.ts';
import { MetricsReporter } from './metrics-reporter.ts';
import { backOffMs, childSignal, never, within } from './pause.ts';
import { nextStep } from './plan.ts';
import type { Actual, Intent } from './actual.ts';
import { Reporter } from './reporter.ts';
import { RevisionShelf } from './revision-shelf.ts';
import { settleStaged } from './slow-steps.ts';
import { SourceLoop } from './source-loop.ts';
import type { Step } from './step.ts';
import { StepLog } from './step-log.ts';
import { Wake } from './wake.ts';
import { revisionOf } from './revision.ts';

const defaultTickMs = 1_000;
const endTimeoutMs = 2_000;
const minSliceMs = 20;

export class Agent {
  readonly #core: Core;
  readonly #wake = new Wake();
  readonly #reporter: Reporter;
  readonly #metrics: MetricsReporter;
  readonly #stepLog: StepLog;
  #interrupt: () => void = () => undefined;
  #faults = 0;
  #lastStep = '';

  constructor(props: AgentProps) {
    const { ports, random } = props;
    const state = new DurableState(ports.stateFile);
    const source = new SourceLoop(props, {
      accepted: () => state.current.desired,
      observed: () => {
        this.#interrupt();
        this.#wake.ring();
      },
    });
    const shelf = new RevisionShelf(ports.revisionsFile);
    const tasks = new BackgroundTasks(() => this.#wake.ring());
    this.#core = { ...props, state, shelf, source, tasks, memory: newMemory(timeNow(props)) };
    this.#reporter = new Reporter(ports, random);
    this.#metrics = new MetricsReporter(ports, () => source.ageMs);
    this.#stepLog = new StepLog(ports);
  }

  /** Until the signal is aborted; the app and the proxy go on running. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#load(signal);
    this.#core.ports.serviceManager.ready();
    await Promise.all([
      this.#reconcile(signal),
      this.#core.source.run(signal),
      this.#reporter.run(signal),
      this.#metrics.run(signal),
    ]);
    // What does not end now is taken up by the next agent.
    await within(this.#core.ports.clock, { ms: endTimeoutMs, signal: never }, () => this.#core.tasks.settleAll());
  }

  async #load(signal: AbortSignal): Promise<void> {
    const { state, shelf, ports, memory } = this.#core;
    const shelved = await shelf.load();
    const loaded = await state.load(() => this.#rebuild(signal));
    ports.log.write(loaded === 'unreadable' ? 'error' : 'info', 'agent started', { state: loaded, revisions: shelved });
    const { confirmed, attempt } = state.current;
    const trusted = [confirmed && revisionOf(confirmed.pins)];
    if (attempt?.phase === 'soaking') trusted.push(revisionOf(attempt.pins));
    for (const slot of ['blue', 'green'] as const) {
      const seen = await ports.supervisor.inspect(slot);
      if (seen.kind === 'running' && trusted.includes(seen.revision)) memory.checked.add(slot);
    }
  }

  /** Without its state, what this host last confirmed stands on the shelf, and where requests go is known by the proxy. */
  async #rebuild(signal: AbortSignal): Promise<AgentState> {
    const confirmed = this.#core.shelf.all
      .flatMap(({ pins, confirmedAt }) => (confirmedAt === null ? [] : [{ pins, at: confirmedAt }]))
      .sort((a, b) => (a.at < b.at ? 1 : -1));
    const [newest = null, previous = null] = confirmed;
    const seen = await this.#core.ports.proxy.inspect(signal).catch(() => null);
    const route = { active: seen?.active ?? null, backup: seen?.backup ?? null };
    return { ...emptyAgentState, confirmed: newest, previous, route };
  }

  async #reconcile(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { clock, log, serviceManager } = this.#core.ports;
      const { trouble, phase } = this.#core.memory;
      // Here only: an agent whose loop hangs is silent, and started again.
      serviceManager.alive(trouble ?? phase);
      try {
        const isBusy = await this.#turn(signal);
        if (this.#faults > 0) this.#core.memory.trouble = null;
        this.#faults = 0;
        if (!isBusy) await this.#wake.wait(clock, this.#core.tickMs ?? defaultTickMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#faults += 1;
        this.#core.memory.trouble = String(error);
        log.write('error', 'step failed', { detail: String(error), faults: this.#faults });
        await this.#wake.wait(clock, backOffMs(this.#faults, this.#core.random, { maxMs: 30_000 }), signal);
      }
    }
  }

  /** One look and at most one step; true: look again at once. */
  async #turn(stop: AbortSignal): Promise<boolean> {
    const core = this.#core;
    for (const { revision, outcome } of await settleStaged(core)) {
      if (outcome.kind === 'rejected') await rejectAttempt(core, revision, { slot: null, ...outcome });
    }
    const { signal, end } = childSignal(stop);
    this.#interrupt = end;
    try {
      const actual = await observe(core, stop);
      const intent = intentOf(core);
      const step = nextStep(intent, actual);
      if (step === null) core.memory.phase = 'idle';
      this.#report(intent, actual);
      if (step === null || stop.aborted) {
        this.#stepLog.idle();
        return false;
      }
      core.memory.runnable = null;
      this.#stepLog.begin(step, core);
      const startedMs = core.ports.clock.monotonicMs();
      const outcome = await perform(core, step, { signal, stop, actual });
      const tookMs = core.ports.clock.monotonicMs() - startedMs;
      return outcome.kind !== 'pending' && !this.#isStuck(step, tookMs);
    } finally {
      end();
    }
  }

  /** The same step again and again in no time changes nothing: a pause keeps it from taking all of the processor. */
  #isStuck(step: Step, tookMs: number): boolean {
    const key = JSON.stringify(step);
    const isRepeated = key === this.#lastStep && tookMs < minSliceMs;
    this.#lastStep = key;
    return isRepeated;
  }

  #report(intent: Intent | null, actual: Actual): void {
    const { state, memory, source } = this.#core;
    const goal = decide(intent, actual);
    const status = reportOf({
      props: this.#core,
      state: state.current,
      memory,
      actual,
      goal,
      sourceTrouble: source.trouble,
      pinsOf: (revision) => findPins(this.#core, revision),
      now: timeNow(this.#core),
    });
    this.#reporter.offer(status);
    this.#metrics.offer(status);
  }
}
