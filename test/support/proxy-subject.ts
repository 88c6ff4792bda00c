/** A real proxy with real slots in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Proxy } from '../../lib/agent/ports.ts';
import type { AgentSettings } from '../../lib/contract/agent-settings.ts';
import type { Slot } from '../../lib/contract/host-status.ts';
import type { ProxyTrafficSubject } from '../agent/contract/proxy-traffic-contract.ts';
import { freePorts } from './free-ports.ts';
import { until } from './until.ts';

export interface ProxySubjectProps {
  readonly create: (settings: AgentSettings) => Proxy;
  /** In the run directory, with the process in it. */
  readonly recordFile: string;
  readonly kind: AgentSettings['proxy'];
  /** Of the folders, below the temporary one. */
  readonly depth?: string;
}

export async function makeProxySubject({ create, recordFile, kind, depth = '' }: ProxySubjectProps) {
  const root = await mkdtemp(join(tmpdir(), 'slipway-proxy-'));
  const [port = 0, blue = 0, green = 0] = await freePorts(3);
  const settings: AgentSettings = {
    schema: 1,
    service: 'example',
    environment: 'dev',
    region: 'us-east-1',
    bucket: 'bucket',
    host: 'role:i-1',
    stateDirectory: join(root, depth, 'state'),
    runDirectory: join(root, depth, 'run'),
    listen: { address: '127.0.0.1', port },
    slots: { address: '127.0.0.1', blue, green },
    proxy: kind,
    supervisor: 'process',
    drainSeconds: 1,
    pinned: null,
  };
  const proxy = create(settings);
  const children = new Map<Slot, ChildProcess>();

  const killSlot = async (slot: Slot): Promise<void> => {
    const child = children.get(slot);
    if (!child) return;
    children.delete(slot);
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const killProxy = async (): Promise<void> => {
    const record = await readFile(join(settings.runDirectory, recordFile), 'utf8').catch(() => null);
    if (record === null) return;
    const pid = Number(/"pid":(\d+)/.exec(record)?.[1]);
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      return;
    }
    await until('the proxy to be gone', async () => !(await proxy.inspect(AbortSignal.timeout(1_000))).running);
  };
  const subject: ProxyTrafficSubject = {
    proxy,
    port,
    killSlot,
    killProxy,
    async startSlot(slot, environment = {}) {
      const child = spawn(process.execPath, [join(__dirname, 'slot-service.cjs')], {
        env: { PORT: String(settings.slots[slot]), HOST: '127.0.0.1', SLIPWAY_SLOT: slot, ...environment },
        stdio: 'inherit',
      });
      children.set(slot, child);
      const url = `http://127.0.0.1:${settings.slots[slot]}/health`;
      await until(`slot ${slot}`, () =>
        fetch(url, { headers: { connection: 'close' } }).then(
          ({ ok }) => ok,
          () => false,
        ),
      );
    },
    async dispose() {
      await killProxy();
      await killSlot('blue');
      await killSlot('green');
      await rm(root, { recursive: true, force: true });
    },
  };
  return { settings, ...subject };
}
