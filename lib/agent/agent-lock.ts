/** Lets one agent at a time work on a state directory. The kernel holds the lock, so that it ends with the process, however that ends. */
import { createServer } from 'node:net';
import { sha256 } from '../contract/canonical-json.ts';

export interface AgentLock {
  release(): Promise<void>;
}

/**
 * Null: another agent holds it. The lock is a socket in Linux' abstract namespace: no file that a killed holder would leave behind,
 * and none that two programs could take over in the same instant.
 */
export async function takeAgentLock(stateDirectory: string): Promise<AgentLock | null> {
  const server = createServer((socket) => socket.destroy());
  const path = `\0slipway-agent-${sha256(stateDirectory)}`;
  const isHeld = await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(true);
      else reject(error);
    });
    server.listen({ path }, () => resolve(false));
  });
  if (isHeld) return null;
  // It keeps nothing alive: whoever holds it ends when its work ends.
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}
