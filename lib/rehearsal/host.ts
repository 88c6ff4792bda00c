/** One machine of the rehearsal: a folder, ports of its own, and the real agent as a process, kept running as systemd would. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentSettings } from '../contract/agent-settings.ts';
import { canonicalJson } from '../contract/canonical-json.ts';
import { agentOf } from '../delivery/agent-bundle.ts';
import { type Exit, lastLines, type Running, start } from './child-process.ts';
import type { Cloud } from './cloud.ts';
import type { Host, NewHost } from './machines.ts';
import type { PortBlock } from './ports.ts';
import type { Run, Variables } from './run.ts';
import { endProcessesOf, runVariable } from './run-processes.ts';
import { readUserData } from './user-data.ts';

/** As `RestartSec` of the agent's unit. */
const restartMs = 2_000;

export interface HostSite {
  readonly cloud: Cloud;
  readonly proxy: AgentSettings['proxy'];
  readonly ports: PortBlock;
  /** Of the agent: where AWS is. */
  readonly variables: Variables;
}

export async function startHost(run: Run, site: HostSite, { instance, name, userData }: NewHost): Promise<Host> {
  const { ports } = site;
  const boot = readUserData(userData, instance);
  const agent = await agentOf(await site.cloud.blob(boot.settings.bucket, boot.bundleSha256));
  const directory = join(run.directory.path, 'h', name);
  const taken = await ports.take(3);
  const settings = rehearsalSettings(boot.settings, directory, taken, site.proxy);
  await mkdir(settings.stateDirectory, { recursive: true });
  await mkdir(settings.runDirectory, { recursive: true });
  await writeFile(join(directory, 'agent.json'), canonicalJson(settings));
  await writeFile(join(directory, 'agent.cjs'), agent);
  const supervised = superviseAgent(run, { directory, name, variables: site.variables });
  return {
    instance,
    name,
    target: { id: instance, ...settings.listen },
    async destroy() {
      supervised.stop();
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

interface SupervisedAgent {
  readonly directory: string;
  readonly name: string;
  readonly variables: Variables;
}

function superviseAgent(run: Run, { directory, name, variables }: SupervisedAgent): { stop(): void } {
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
  begin();
  return {
    stop() {
      isStopped = true;
      if (timer) clearTimeout(timer);
    },
  };
}
