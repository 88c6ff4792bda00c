/** Starts the AWS emulator as the environment's own account, behind a gateway that records what it is asked. */
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastLines, type Running, start } from './child-process.ts';
import { findEmulator } from './emulator-install.ts';
import { type Gateway, openGateway } from './gateway.ts';
import { RehearsalError } from './rehearsal-error.ts';
import type { Run, Variables } from './run.ts';

const readyWithinMs = 60_000;
const pauseMs = 50;

export interface Emulator {
  readonly gateway: Gateway;
  readonly region: string;
  /** What a child needs to speak to it, with the run's own. */
  readonly variables: Variables;
  close(): Promise<void>;
}

export interface EmulatorOptions {
  readonly account: string;
  readonly region: string;
}

/** Resolves when it answers. Throws `RehearsalError`. */
export async function startEmulator(run: Run, { account, region }: EmulatorOptions): Promise<Emulator> {
  const program = await findEmulator(run);
  // A socket in the run's directory needs no free port, and no other run can reach it.
  const socketPath = join(run.directory.path, 'aws.sock');
  const server = start(
    {
      name: 'emulator',
      command: program.command,
      args: [...program.args, '-H', `unix://${socketPath}`],
      cwd: run.directory.path,
      variables: { ...run.variables, MOTO_ACCOUNT_ID: account, MOTO_EC2_LOAD_DEFAULT_AMIS: 'false' },
    },
    run.directory.logs,
  );
  await untilReady(server, socketPath, run.signal);
  const gateway = await openGateway(socketPath);
  return {
    gateway,
    region,
    variables: {
      ...run.variables,
      AWS_ENDPOINT_URL: gateway.endpoint,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      // The emulator checks none; without any, the clients would look for real ones.
      AWS_ACCESS_KEY_ID: 'rehearsal',
      AWS_SECRET_ACCESS_KEY: 'rehearsal',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    },
    async close() {
      await gateway.close();
      await server.kill();
    },
  };
}

async function untilReady(server: Running, socketPath: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + readyWithinMs;
  while (!(await answers(socketPath))) {
    const exit = server.exit();
    if (exit) throw failed(exit.error ? exit.error.message : `it ended: ${lastLines(server.logFile, 1)}`, server);
    if (performance.now() > deadline) throw failed(`it does not answer after ${readyWithinMs / 1000} s`, server);
    await sleep(pauseMs, undefined, { signal });
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = request({ socketPath, path: '/moto-api/', timeout: 10_000 }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode === 200));
    });
    probe.once('timeout', () => probe.destroy(new Error('timeout')));
    probe.once('error', () => resolve(false));
    probe.end();
  });
}

function failed(wrong: string, { logFile }: Running): RehearsalError {
  return new RehearsalError('emulator-failed', {
    tried: 'starting the AWS emulator (moto_server)',
    wrong,
    todo: `see ${logFile}, or take moto_server off the PATH, so that a private one is installed`,
  });
}
