/** One machine of the rehearsal: a folder, ports of its own, and the real agent as a process, kept running as systemd would. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentSettings } from '../contract/agent-settings.ts';
import { canonicalJson } from '../contract/canonical-json.ts';
import { type Exit, lastLines, type Running, start } from './child-process.ts';
import type { Target } from './load-balancer.ts';
import type { PortBlock } from './ports.ts';
import type { Run, Variables } from './run.ts';
import { endProcessesOf, runVariable } from './run-processes.ts';
import type { Boot } from './user-data.ts';

/** As `RestartSec` of the agent's unit. */
const restartMs = 2_000;

export interface Host {
  readonly instance: string;
  /** `a`, `b`, ...: what people call it. */
  readonly name: string;
  readonly target: Target;
  readonly agentLog: string;
  /** Ends every process of it and removes its folder. */
  destroy(): Promise<void>;
}

export interface HostOptions {
  readonly instance: string;
  readonly name: string;
  readonly boot: Boot;
  readonly agent: Buffer;
  readonly proxy: AgentSettings['proxy'];
  readonly ports: PortBlock;
  /** Of the agent: where AWS is. */
  readonly variables: Variables;
}

export async function startHost(run: Run, options: HostOptions): Promise<Host> {
  const { instance, name, boot, ports } = options;
  const directory = join(run.directory.path, 'h', name);
  const taken = await ports.take(3);
  const settings = rehearsalSettings(boot.settings, directory, taken, options.proxy);
  await mkdir(settings.stateDirectory, { recursive: true });
  await mkdir(settings.runDirectory, { recursive: true });
  await writeFile(join(directory, 'agent.json'), canonicalJson(settings));
  await writeFile(join(directory, 'agent.cjs'), options.agent);
  const agent = superviseAgent(run, directory, options);
  return {
    instance,
    name,
    target: { id: instance, ...settings.listen },
    agentLog: agent.logFile,
    async destroy() {
      agent.stop();
      await endProcessesOf(directory);
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
      ports.give(taken);
    },
  };
}

/** The machine's own settings, but for where it is on this laptop. */
function rehearsalSettings(
  settings: AgentSettings,
  directory: string,
  [listen = 0, blue = 0, green = 0]: readonly number[],
  proxy: AgentSettings['proxy'],
): AgentSettings {
  return {
    ...settings,
    stateDirectory: join(directory, 'state'),
    runDirectory: join(directory, 'run'),
    listen: { address: '127.0.0.1', port: listen },
    slots: { address: '127.0.0.1', blue, green },
    proxy,
    supervisor: 'process',
  };
}

function superviseAgent(
  run: Run,
  directory: string,
  { name, variables }: HostOptions,
): { readonly logFile: string; stop(): void } {
  let isStopped = false;
  let timer: NodeJS.Timeout | null = null;
  const begin = (): Running => {
    const running = start(
      {
        name: `host-${name}`,
        command: process.execPath,
        args: [join(directory, 'agent.cjs'), '--settings', join(directory, 'agent.json')],
        cwd: directory,
        variables: { ...variables, [runVariable]: directory },
      },
      run.directory.logs,
    );
    const onExit = ({ code, signal }: Exit): void => {
      if (isStopped || run.signal.aborted) return;
      run.story.say(
        `host ${name}: the agent ended (${signal ?? `code ${code}`}): ${lastLines(running.logFile, 1).slice(0, 300)}`,
      );
      timer = setTimeout(begin, restartMs);
    };
    void running.exited.then(onExit);
    return running;
  };
  const { logFile } = begin();
  return {
    logFile,
    stop() {
      isStopped = true;
      if (timer) clearTimeout(timer);
    },
  };
}
