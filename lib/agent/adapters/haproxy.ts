/** The proxy of a host by HAProxy: switches through its runtime API, then writes the same to its files. */
import { join, relative } from 'node:path';
import type { AgentSettings } from '../../contract/agent-settings.ts';
import { type Slot, slots } from '../../contract/host-status.ts';
import type { Clock, Proxy, Route } from '../ports.ts';
import { AdapterError } from './adapter-error.ts';
import { createDurableFile } from './durable-file.ts';
import {
  configFileName,
  haproxyConfig,
  type HaproxyConfigProps,
  type HaproxyMap,
  haproxyMap,
  layoutDigest,
  mapFileName,
  switchCommands,
} from './haproxy-config.ts';
import { carryOut, type HaproxyState, readState } from './haproxy-runtime.ts';
import { createTurn } from './in-turn.ts';
import { isAlive } from './process-identity.ts';
import { createProxyProcess } from './proxy-process.ts';

export interface HaproxyProps {
  readonly settings: AgentSettings;
  readonly clock: Clock;
}

/** HAProxy binds `<path>.<pid>.tmp` first, and the kernel takes 107 bytes. */
const maxBindPathBytes = 94;

export function createHaproxy({ settings, clock }: HaproxyProps): Proxy {
  const directory = join(settings.stateDirectory, 'proxy');
  const socketPath = join(settings.runDirectory, 'haproxy.sock');
  const layout = { listen: settings.listen, slots: settings.slots, socketPath: bindPath(directory, socketPath) };
  const config = createDurableFile(join(directory, configFileName), 0o644);
  const map = createDurableFile(join(directory, mapFileName), 0o644);
  const inTurn = createTurn();

  const state = async (signal: AbortSignal): Promise<HaproxyState | null> => {
    try {
      return await readState(socketPath, signal);
    } catch (error) {
      if (error instanceof AdapterError && error.code === 'proxy-unreachable') return null;
      throw error;
    }
  };

  const proxyProcess = createProxyProcess({
    name: 'HAProxy',
    program: 'haproxy',
    args: ['-W', '-db', '-f', configFileName],
    directory,
    recordFile: join(settings.runDirectory, 'haproxy.json'),
    logFile: join(settings.stateDirectory, 'logs', 'haproxy.log'),
    clock,
    isReady: async (signal) => (await state(signal)) !== null,
  });

  const persist = async (route: Route, wanted: HaproxyMap): Promise<void> => {
    await map.write(haproxyMap(wanted));
    await config.write(haproxyConfig(layout, route));
  };

  const reloadIfNew = async (before: string | null): Promise<void> => {
    if (before?.includes(`Layout ${layoutDigest(layout)}`) !== false) return;
    const master = await proxyProcess.identity();
    if (master !== null && (await isAlive(master))) process.kill(master.pid, 'SIGUSR2');
  };

  return {
    route: (route, signal) =>
      inTurn(async () => {
        const before = await config.read();
        const wanted = nextMap(route, await map.read());
        if ((await state(signal)) === null) {
          await persist(route, wanted);
          await proxyProcess.start(signal);
        }
        const start = clock.monotonicMs();
        await carryOut(socketPath, switchCommands(route, wanted), signal);
        const switchMs = clock.monotonicMs() - start;
        await persist(route, wanted);
        await reloadIfNew(before);
        return { switchMs };
      }),

    async inspect(signal) {
      const found = await state(signal);
      if (found === null) return { running: false, active: null, backup: null };
      const backup = slots.find((slot) => slot !== found.active && found.enabled.includes(slot)) ?? null;
      return { running: true, active: found.active, backup };
    },
  };
}

/** The backup keeps the health path that it had when it was active; one that never was is of the same service. */
function nextMap({ active, backup, healthPath }: Route, before: string | null): HaproxyMap {
  const known = new Map((before ?? '').split('\n').map((line) => [line.split(' ')[0], line.split(' ')[1]]));
  const path = (slot: Slot) => (slot === backup ? known.get(slot) : null) ?? healthPath ?? '/';
  return { active: active ?? 'none', blue: path('blue'), green: path('green') };
}

function bindPath(directory: string, socketPath: string): HaproxyConfigProps['socketPath'] {
  const fromDirectory = relative(directory, socketPath);
  const path = fromDirectory.length < socketPath.length ? fromDirectory : socketPath;
  if (Buffer.byteLength(path) <= maxBindPathBytes) return path;
  throw new AdapterError(
    'path-too-long',
    `use the socket ${path}: it has ${Buffer.byteLength(path)} bytes, HAProxy takes at most ${maxBindPathBytes}; choose a shorter run directory`,
  );
}
