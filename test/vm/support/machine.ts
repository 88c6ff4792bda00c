/** One machine: a systemd of its own on a disk and an address of its own, switched on and off like an instance. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { command, type Ended, mustRun } from './command.ts';
import { makeGroups, removeGroups } from './control-groups.ts';
import type { Identity } from './identities.ts';
import { plugIn, unplug } from './network.ts';
import { until } from './until.ts';

export interface RunOptions {
  readonly input?: string;
  /** Default: 30 s. */
  readonly timeoutMs?: number;
}

export interface Machine {
  readonly name: string;
  /** `i-...`. */
  readonly instance: string;
  readonly address: string;
  /** Process id of its systemd, as this side sees it; another one after each boot. */
  readonly leader: number;
  /** When its last boot began and when its systemd took commands: milliseconds since 1970. */
  readonly bootedAt: { readonly on: number; readonly up: number };
  run(args: readonly string[], options?: RunOptions): Promise<Ended>;
  /** As `run`, and rejects when it fails. Resolves with the standard output. */
  must(args: readonly string[], options?: RunOptions): Promise<string>;
  /** All that it printed to its console since its first boot. */
  console(): Promise<string>;
  /** Awaits a condition; when it takes too long, the error holds the last lines of the console and of the journal. */
  until<T>(
    what: string,
    condition: () => Promise<T> | T,
    timeoutMs?: number,
  ): Promise<Exclude<T, false | null | undefined>>;
  /** What it may write to its disk from now on. */
  resizeDisk(diskMiB: number): Promise<void>;
  /** As `systemctl reboot`: units are stopped in order. Resolves when the new boot takes commands. */
  reboot(): Promise<void>;
  /** As a cable that is pulled. `start` boots it again, on the same disk. */
  cutPower(): Promise<void>;
  start(): Promise<void>;
  /** Nothing is left of it. */
  destroy(): Promise<void>;
}

export interface MachineProps {
  readonly identity: Identity;
  /** The image, which no machine writes to. */
  readonly image: string;
  /** For what the machine writes, and its console. */
  readonly folder: string;
  /** Name of the run's control groups. */
  readonly group: string;
  /** What it may write to its disk. */
  readonly diskMiB: number;
  /** By absolute path, put on the disk before the first boot. */
  readonly files: Readonly<Record<string, string>>;
  /** Of the lab's end. */
  readonly onDestroy: () => void;
}

const initFile = '/usr/local/sbin/lab-init';
const upWithinMs = 120_000;
const offWithinMs = 90_000;

export async function createMachine(props: MachineProps): Promise<Machine> {
  const { identity, folder } = props;
  const disk = await mountDisk(props);
  await Promise.all(
    Object.entries(props.files).map(async ([path, text]) => {
      await mkdir(dirname(join(disk.root, path)), { recursive: true });
      await writeFile(join(disk.root, path), text);
    }),
  );
  await copyFile(join(__dirname, '..', 'init'), join(disk.root, initFile));
  const namespace = await plugIn(identity.name, identity.address);
  const groups = await makeGroups(props.group, identity.name);
  const consoleFile = join(folder, 'console.log');
  const bootOnce = async (): Promise<Booted> =>
    boot({ name: identity.name, root: disk.root, namespace, groups, consoleFile });
  const clear = async (): Promise<void> => {
    await unplug(identity.name);
    await disk.unmount();
    await removeGroups(groups);
    await rm(folder, { recursive: true, force: true });
  };
  let booted: Booted | null = await bootOnce().catch(async (error: unknown) => {
    await clear();
    throw error;
  });
  const running = (): Booted => {
    if (booted) return booted;
    throw new Error(`asking ${identity.name}: it is switched off`);
  };
  const run = async (args: readonly string[], options: RunOptions = {}): Promise<Ended> =>
    command('nsenter', [...enter(running().leader), ...args], {
      ...options,
      variables: { TERM: 'dumb', HOME: '/root' },
    });
  const end = async (): Promise<void> => {
    if (!booted) return;
    process.kill(booted.leader, 'SIGKILL');
    await booted.ended;
    booted = null;
  };
  return {
    name: identity.name,
    instance: identity.instance,
    address: identity.address,
    get leader() {
      return running().leader;
    },
    get bootedAt() {
      return running().at;
    },
    run,
    async must(args, options) {
      const { code, stdout, stderr } = await run(args, options);
      if (code === 0) return stdout;
      throw new Error(`${identity.name}: ${args.join(' ')} ended with ${code}: ${`${stdout}${stderr}`.slice(-2_000)}`);
    },
    console: async () => readConsole(consoleFile),
    until: async (what, condition, timeoutMs) =>
      until(`${identity.name}: ${what}`, condition, {
        ...(timeoutMs && { timeoutMs }),
        explain: async () => explain(consoleFile, run),
      }),
    resizeDisk: async (mib) => disk.resize(mib),
    async reboot() {
      const { ended } = running();
      await run(['systemctl', 'reboot', '--no-block']);
      await until(`${identity.name} to shut down`, () => Promise.race([ended.then(() => true), pause()]), {
        timeoutMs: offWithinMs,
        explain: async () => explain(consoleFile, run),
      });
      booted = null;
      booted = await bootOnce();
    },
    cutPower: end,
    async start() {
      booted ??= await bootOnce();
    },
    async destroy() {
      await end();
      await clear();
      props.onDestroy();
    },
  };
}

const pause = async (): Promise<false> => new Promise((resolve) => setTimeout(resolve, 100, false));

const enter = (leader: number): readonly string[] => ['--target', String(leader), '--all', '--'];

interface Disk {
  readonly root: string;
  resize(diskMiB: number): Promise<void>;
  unmount(): Promise<void>;
}

async function mountDisk({ folder, image, diskMiB }: MachineProps): Promise<Disk> {
  const disk = join(folder, 'disk');
  const [upper, work, root] = ['upper', 'work', 'root'].map((name) => join(disk, name));
  if (!upper || !work || !root) throw new Error('unreachable');
  await mkdir(disk, { recursive: true });
  await mustRun('mount', ['-t', 'tmpfs', '-o', `size=${diskMiB}m,mode=0755`, 'tmpfs', disk]);
  for (const made of [upper, work, root]) await mkdir(made);
  const options = `lowerdir=${image},upperdir=${upper},workdir=${work}`;
  await mustRun('mount', ['-t', 'overlay', '-o', options, 'overlay', root]);
  return {
    root,
    async resize(mib) {
      await mustRun('mount', ['-o', `remount,size=${mib}m`, disk]);
    },
    async unmount() {
      await mustRun('umount', [root]);
      await mustRun('umount', [disk]);
    },
  };
}

interface BootProps {
  readonly name: string;
  readonly root: string;
  readonly namespace: string;
  readonly groups: readonly string[];
  readonly consoleFile: string;
}

interface Booted {
  readonly leader: number;
  readonly at: { readonly on: number; readonly up: number };
  /** The machine is off. */
  readonly ended: Promise<unknown>;
}

async function boot(props: BootProps): Promise<Booted> {
  const { child, ended } = startNspawn(props);
  try {
    return await takesCommands(props, child, ended);
  } catch (error) {
    const leader = leaderOf(child.pid ?? 0);
    if (leader !== undefined) process.kill(leader, 'SIGKILL');
    child.kill('SIGKILL');
    await ended;
    throw error;
  }
}

async function takesCommands(props: BootProps, child: ChildProcess, ended: Promise<unknown>): Promise<Booted> {
  const on = Date.now();
  let isOver = false;
  void ended.then(() => (isOver = true));
  const explain = async (): Promise<string> => (await readConsole(props.consoleFile)).split('\n').slice(-30).join('\n');
  const leader = await until(
    `${props.name} to boot`,
    () => {
      if (isOver)
        throw new Error(
          `booting ${props.name}: systemd-nspawn ended: ${readFileSync(props.consoleFile, 'utf8').slice(-2_000)}`,
        );
      return leaderOf(child.pid ?? 0);
    },
    { timeoutMs: upWithinMs, explain },
  );
  await until(
    `the systemd of ${props.name} to take commands`,
    async () => {
      const { stdout } = await command('nsenter', [...enter(leader), 'systemctl', 'is-system-running']);
      return /^(?:initializing|starting|running|degraded)/.test(stdout);
    },
    { timeoutMs: upWithinMs, pauseMs: 200, explain },
  );
  return { leader, at: { on, up: Date.now() }, ended };
}

function startNspawn({ name, root, namespace, groups, consoleFile }: BootProps): {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
} {
  const output = openSync(consoleFile, 'a');
  // prettier-ignore
  const options = [
    '--directory', root, '--machine', name, `--network-namespace-path=${namespace}`, '--quiet',
    '--register=no', '--keep-unit', '--settings=no', '--link-journal=no', '--resolv-conf=off', '--timezone=off',
    // An instance's root may set routes and rules; without a network that is private by nspawn's own doing, it could not.
    '--capability=CAP_NET_ADMIN', '--console=read-only', '--kill-signal=SIGRTMIN+3', initFile,
  ];
  const child = spawn(join(__dirname, '..', 'nspawn'), [...groups, '--', ...options], {
    stdio: ['ignore', output, output],
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8' },
  });
  closeSync(output);
  const ended = new Promise((resolve) => {
    child.once('error', resolve);
    child.once('close', resolve);
  });
  return { child, ended };
}

/** The first process of the machine: the descendant of nspawn whose id is 1 in its own namespace. Undefined: not yet. */
function leaderOf(nspawn: number): number | undefined {
  const children = readText(`/proc/${nspawn}/task/${nspawn}/children`).split(' ').filter(Boolean).map(Number);
  for (const child of children) {
    const ids = /^NSpid:\s+(.*)$/m.exec(readText(`/proc/${child}/status`))?.[1]?.split('\t') ?? [];
    const isInit =
      ids.length > 1 && ids.at(-1) === '1' && /^(?:systemd|init)$/.test(readText(`/proc/${child}/comm`).trim());
    const found = isInit ? child : leaderOf(child);
    if (found !== undefined) return found;
  }
  return undefined;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

async function readConsole(file: string): Promise<string> {
  if (!existsSync(file)) return '';
  // A console has carriage returns and colours.
  // oxlint-disable-next-line no-control-regex
  return (await readFile(file, 'utf8')).replaceAll(/\r|\u001B\[[0-9;?]*[A-Za-z]/g, '');
}

async function explain(consoleFile: string, run: Machine['run']): Promise<string> {
  const lines = (await readConsole(consoleFile)).trimEnd().split('\n').slice(-30);
  const journal = await run(['journalctl', '--no-pager', '--lines', '40', '--output', 'short-monotonic'], {
    timeoutMs: 10_000,
  }).catch((error: unknown) => ({ stdout: String(error) }));
  return ['--- console', ...lines, '--- journal', journal.stdout.trimEnd()].join('\n');
}
