/** An AWS emulator of one's own for a test file: moto's server on a free port. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePorts } from './free-ports.ts';
import { until } from './until.ts';

export interface Moto {
  /** With `localhost`: moto misreads bucket addresses that start with an IP address. */
  readonly endpoint: string;
  readonly stop: () => Promise<void>;
}

/** Also sets credentials that are none, which the AWS clients ask for. */
export async function startMoto({ account = '123456789012' }: { readonly account?: string } = {}): Promise<Moto> {
  const [port] = await freePorts(1);
  const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], {
    env: { ...process.env, MOTO_ACCOUNT_ID: account },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-2_000)));
  child.once('error', (error) => (said = `${said}${error.message}`));
  const endpoint = `http://localhost:${port}`;
  await until(
    'moto to answer',
    async () => {
      if (child.exitCode !== null || child.pid === undefined) throw new Error(`moto_server ended: ${said}`);
      return fetch(`${endpoint}/moto-api/`).then(
        (response) => response.ok,
        () => false,
      );
    },
    30_000,
  );
  process.env['AWS_ACCESS_KEY_ID'] = 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
  return {
    endpoint,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
