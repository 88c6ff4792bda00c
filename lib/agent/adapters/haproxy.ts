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
import { createHaproxyProcess } from './haproxy-process.ts';
import type { HaproxyRunner, ProxyUnitControl } from './haproxy-runner.ts';
import { carryOut, type HaproxyState, readSessions, readState } from './haproxy-runtime.ts';
import { createHaproxyUnit } from './haproxy-unit.ts';
import { createTurn } from './in-turn.ts';

export interface HaproxyProps {
  readonly settings: AgentSettings;
  readonly clock: Clock;
  /** Of the machine whose units run HAProxy; null: it runs as a process that the agent starts. */
  readonly control: ProxyUnitControl | null;
}

/** systemd restarts the unit by itself: whether it runs is asked less often, which is half of what an idle agent would do. */
const unitLookMs = 4_000;
/** HAProxy binds `<path>.<pid>.tmp` first, and the kernel takes 107 bytes. */
const maxBindPathBytes = 94;

type ProxySeen = Awaited<ReturnType<Proxy['inspect']>>;

export function createHaproxy({ settings, clock, control }: HaproxyProps): Proxy {
  const directory = join(settings.stateDirectory, 'proxy');
  const socketPath = runtimeSocketPath(settings, control);
  const layout = layoutOf(settings, control, directory);
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

  const isReady = async (signal: AbortSignal) => (await state(signal)) !== null;
  const runner: HaproxyRunner =
    control === null
      ? createHaproxyProcess({ settings, directory, clock, isReady })
      : createHaproxyUnit({ control, clock, isReady });

  const persist = async (route: Route, wanted: HaproxyMap): Promise<void> => {
    await map.write(haproxyMap(wanted));
    await config.write(haproxyConfig(layout, route));
  };

  const reloadIfNew = async (before: string | null, signal: AbortSignal): Promise<void> => {
    if (before?.includes(`Layout ${layoutDigest(layout)}`) === false) await runner.reload(signal);
  };

  let known: { readonly seen: ProxySeen; readonly untilMs: number } | null = null;

  return {
    route: (route, signal) =>
      inTurn(async () => {
        known = null;
        const before = await config.read();
        const wanted = nextMap(route, await map.read());
        if ((await state(signal)) === null) {
          await persist(route, wanted);
          await runner.start(signal);
        }
        const start = clock.monotonicMs();
        await carryOut(socketPath, switchCommands(route, wanted), signal);
        const switchMs = clock.monotonicMs() - start;
        await persist(route, wanted);
        await reloadIfNew(before, signal);
        known = null;
        return { switchMs };
      }),

    async inspect(signal) {
      if (known !== null && clock.monotonicMs() < known.untilMs) return known.seen;
      const found = await state(signal);
      if (found === null) return { running: false, active: null, backup: null };
      const seen = seenIn(found);
      known = control === null ? null : { seen, untilMs: clock.monotonicMs() + unitLookMs };
      return seen;
    },

    async connections(slot, signal) {
      if ((await state(signal)) === null) return 0;
      return await readSessions(socketPath, slot, signal);
    },
  };
}

function seenIn({ active, enabled }: HaproxyState): ProxySeen {
  return { running: true, active, backup: slots.find((slot) => slot !== active && enabled.includes(slot)) ?? null };
}

/** The backup keeps the health path that it had when it was active; one that never was is of the same service. */
function nextMap({ active, backup, healthPath }: Route, before: string | null): HaproxyMap {
  const known = new Map((before ?? '').split('\n').map((line) => [line.split(' ')[0], line.split(' ')[1]]));
  const path = (slot: Slot) => (slot === backup ? known.get(slot) : null) ?? healthPath ?? '/';
  return { active: active ?? 'none', blue: path('blue'), green: path('green') };
}

/** As a unit HAProxy is a user of its own, with a folder of its own for what does not survive a reboot. */
function runtimeSocketPath({ runDirectory }: AgentSettings, control: ProxyUnitControl | null): string {
  return join(control === null ? runDirectory : `${runDirectory}-proxy`, 'haproxy.sock');
}

function layoutOf(settings: AgentSettings, control: ProxyUnitControl | null, directory: string): HaproxyConfigProps {
  const path = bindPath(directory, runtimeSocketPath(settings, control));
  const { listen, slots } = settings;
  return control === null
    ? { listen, slots, socket: { path, mode: '600' } }
    : { listen: 'inherited', slots, socket: { path, mode: '660' } };
}

function bindPath(directory: string, socketPath: string): string {
  const fromDirectory = relative(directory, socketPath);
  const path = fromDirectory.length < socketPath.length ? fromDirectory : socketPath;
  if (Buffer.byteLength(path) <= maxBindPathBytes) return path;
  throw new AdapterError(
    'path-too-long',
    `use the socket ${path}: it has ${Buffer.byteLength(path)} bytes, HAProxy takes at most ${maxBindPathBytes}; choose a shorter run directory`,
  );
}
