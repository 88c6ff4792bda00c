/** The ports of a run's hosts: each slot of each host listens on a port of its own, because services listen on all addresses. */
import { createServer, type Server } from 'node:net';
import { RehearsalError } from './rehearsal-error.ts';

/** Below the ports that Linux gives to outgoing connections (32768 and up), which could take one at any moment. */
const firstPort = 20_000;
const blockSize = 100;
const blocks = 120;

export interface PortBlock {
  /** Ports that nobody listens on, and that no other run takes. Throws `RehearsalError`. */
  take(count: number): Promise<readonly number[]>;
  give(ports: readonly number[]): void;
  close(): Promise<void>;
}

/** Takes a block of its own: the first port of it is kept bound, so that another run sees that it is taken. Throws `RehearsalError`. */
export async function takePortBlock(): Promise<PortBlock> {
  const start = Math.floor(Math.random() * blocks);
  for (let i = 0; i < blocks; i += 1) {
    const base = firstPort + ((start + i) % blocks) * blockSize;
    const lock = await listen(base);
    if (lock) return portBlock(base, lock);
  }
  throw noPorts(`all of ${blocks} blocks are taken`);
}

function portBlock(base: number, lock: Server): PortBlock {
  const taken = new Set<number>();
  return {
    async take(count) {
      const ports: number[] = [];
      for (let port = base + 1; port < base + blockSize && ports.length < count; port += 1) {
        if (!taken.has(port) && (await isFree(port))) ports.push(port);
      }
      if (ports.length < count) throw noPorts(`the run has used all ports from ${base} to ${base + blockSize - 1}`);
      for (const port of ports) taken.add(port);
      return ports;
    },
    give(ports) {
      for (const port of ports) taken.delete(port);
    },
    close: () => close(lock),
  };
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server) await close(server);
  return server !== null;
}

/** On all addresses, as a service may: null where somebody has the port on any. */
function listen(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(null));
    server.listen(port, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

function noPorts(wrong: string): RehearsalError {
  return new RehearsalError('no-free-ports', {
    tried: 'taking ports for the hosts',
    wrong,
    todo: 'end other rehearsals, or what else listens between 20000 and 32000',
  });
}
