/** Runs HAProxy as a process of its own that outlives the agent: where no units do, as in the rehearsal. */
import { join } from 'node:path';
import type { AgentSettings } from '../../contract/agent-settings.ts';
import type { Clock } from '../ports.ts';
import { configFileName } from './haproxy-config.ts';
import type { HaproxyRunner } from './haproxy-runner.ts';
import { isAlive } from './process-identity.ts';
import { createProxyProcess } from './proxy-process.ts';

export interface HaproxyProcessProps {
  readonly settings: AgentSettings;
  /** Holds the configuration. */
  readonly directory: string;
  readonly clock: Clock;
  /** True when it takes commands. */
  readonly isReady: (signal: AbortSignal) => Promise<boolean>;
}

export function createHaproxyProcess({ settings, directory, clock, isReady }: HaproxyProcessProps): HaproxyRunner {
  const haproxy = createProxyProcess({
    name: 'HAProxy',
    program: 'haproxy',
    args: ['-W', '-db', '-f', configFileName],
    directory,
    recordFile: join(settings.runDirectory, 'haproxy.json'),
    logFile: join(settings.stateDirectory, 'logs', 'haproxy.log'),
    clock,
    isReady,
  });
  return {
    start: (signal) => haproxy.start(signal),
    async reload() {
      const master = await haproxy.identity();
      if (master !== null && (await isAlive(master))) process.kill(master.pid, 'SIGUSR2');
    },
  };
}
