/** Runs HAProxy as a unit of the machine: systemd holds its listening socket and restarts it. */
import type { Clock } from '../ports.ts';
import { AdapterError } from './adapter-error.ts';
import type { HaproxyRunner, ProxyUnitControl } from './haproxy-runner.ts';

const startTimeoutMs = 10_000;
const pollMs = 20;

export interface HaproxyUnitProps {
  readonly control: ProxyUnitControl;
  readonly clock: Clock;
  /** True when it takes commands. */
  readonly isReady: (signal: AbortSignal) => Promise<boolean>;
}

export function createHaproxyUnit({ control, clock, isReady }: HaproxyUnitProps): HaproxyRunner {
  const tell = async (verb: 'start' | 'reload', signal: AbortSignal): Promise<void> => {
    const answer = await control.request(verb, 'proxy', signal);
    if (answer.kind === 'done') return;
    throw new AdapterError('proxy-not-started', `${verb} the unit of HAProxy: ${answer.detail}`);
  };
  return {
    async start(signal) {
      await tell('start', signal);
      const deadline = clock.monotonicMs() + startTimeoutMs;
      while (!(await isReady(signal))) {
        if (clock.monotonicMs() > deadline) {
          const wrong = `it took no command within ${startTimeoutMs} ms; see the journal of slipway-proxy.service`;
          throw new AdapterError('proxy-not-started', `start the unit of HAProxy: ${wrong}`);
        }
        await clock.sleep(pollMs, signal);
      }
    },
    reload: (signal) => tell('reload', signal),
  };
}
