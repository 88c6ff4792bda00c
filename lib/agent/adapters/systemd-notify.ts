/** Tells systemd that the agent is up and turns: by `systemd-notify`, since Node.js has no datagrams on Unix sockets. */
import { execFile } from 'node:child_process';
import type { Clock, Log, ServiceManager } from '../ports.ts';
import { errorMessage } from './error-facts.ts';

export interface NotifyProps {
  /** Those that systemd gives: NOTIFY_SOCKET, WATCHDOG_USEC. Without the first nobody is told anything. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
  /** For tests. */
  readonly notify?: (args: readonly string[]) => Promise<void>;
}

const timeoutMs = 5_000;
/** Where the unit has no watchdog, the status is told at most so often. */
const defaultIntervalMs = 20_000;

export function createServiceManager({ variables, clock, log, notify }: NotifyProps): ServiceManager {
  const socket = variables['NOTIFY_SOCKET'] ?? '';
  if (socket === '') return { ready: () => undefined, alive: () => undefined };
  const tell = notify ?? ((args) => run(socket, args));
  // A third: two pings may be lost, or be late on a busy machine.
  const intervalMs = Math.floor(Number(variables['WATCHDOG_USEC'] ?? 0) / 3_000) || defaultIntervalMs;
  let last: { readonly atMs: number; readonly status: string } | null = null;
  let isTelling = false;
  let hasFailed = false;

  const send = (args: readonly string[]): void => {
    isTelling = true;
    const failed = (error: unknown): void => {
      if (!hasFailed) log.write('warn', 'systemd cannot be told', { args, detail: errorMessage(error) });
      hasFailed = true;
      // The next turn tries again.
      last = null;
    };
    void tell(args)
      .then(() => (hasFailed = false), failed)
      .finally(() => (isTelling = false));
  };

  return {
    ready: () => send(['--ready', 'WATCHDOG=1']),
    alive(status) {
      if (isTelling) return;
      const isDue = last === null || clock.monotonicMs() - last.atMs >= intervalMs;
      if (!isDue && last?.status === status) return;
      last = { atMs: clock.monotonicMs(), status };
      send([`--status=${status}`, 'WATCHDOG=1']);
    },
  };
}

function run(socket: string, args: readonly string[]): Promise<void> {
  const env = { PATH: '/usr/bin:/bin', NOTIFY_SOCKET: socket };
  return new Promise((resolve, reject) => {
    execFile('systemd-notify', args, { timeout: timeoutMs, env }, (error, _stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(stderr.trim() || errorMessage(error), { cause: error }));
    });
  });
}
