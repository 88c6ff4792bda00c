/** The process of a proxy: found again after a restart of the agent, started when there is none. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { canonicalJson } from '../../contract/canonical-json.ts';
import { parseDocument } from '../../contract/document.ts';
import type { Clock } from '../ports.ts';
import { AdapterError } from './adapter-error.ts';
import { capLog, logTail } from './capped-log.ts';
import { endProcess, startDetached } from './detached-process.ts';
import { createDurableFile } from './durable-file.ts';
import { errorCode, errorMessage } from './error-facts.ts';
import { isAlive, type ProcessIdentity, processIdentitySchema } from './process-identity.ts';

const startTimeoutMs = 10_000;
const pollMs = 20;

export interface ProxyProcessProps {
  /** As messages call it. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly recordFile: string;
  readonly logFile: string;
  readonly clock: Clock;
  /** True when it takes commands. */
  readonly isReady: (signal: AbortSignal) => Promise<boolean>;
}

export interface ProxyProcess {
  /** Starts it, after what is left of an earlier one has ended. Throws `AdapterError`. */
  start(signal: AbortSignal): Promise<void>;
  identity(): Promise<ProcessIdentity | null>;
}

export function createProxyProcess(props: ProxyProcessProps): ProxyProcess {
  const record = createDurableFile(props.recordFile);
  const identity = async () => parseIdentity(await record.read(), props.name);

  return {
    identity,

    async start(signal) {
      const leftover = await identity();
      // Its socket is silent, so it serves nobody well; it must free the port.
      if (leftover !== null) await endProcess(leftover, { clock: props.clock, timeoutMs: 1_000 });
      for (const folder of [props.directory, dirname(props.recordFile)])
        await mkdir(folder, { recursive: true, mode: 0o755 });
      await capLog(props.logFile);
      const started = await launch(props);
      await record.write(canonicalJson(started));
      await untilReady(props, started, signal);
    },
  };
}

async function launch({ name, program, args, directory, logFile }: ProxyProcessProps): Promise<ProcessIdentity> {
  const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', NODE_ENV: 'production' };
  try {
    return await startDetached({ program, args, directory, environment, logFile }, () => undefined);
  } catch (cause) {
    const missing = errorCode(cause) === 'ENOENT';
    const message = missing ? `${program} is not installed` : errorMessage(cause);
    throw new AdapterError(missing ? 'proxy-missing' : 'proxy-not-started', `start ${name}: ${message}`, { cause });
  }
}

async function untilReady(props: ProxyProcessProps, started: ProcessIdentity, signal: AbortSignal): Promise<void> {
  const { clock, name, logFile } = props;
  const deadline = clock.monotonicMs() + startTimeoutMs;
  while (!(await props.isReady(signal))) {
    const alive = await isAlive(started);
    if (!alive || clock.monotonicMs() > deadline) {
      const tail = (await logTail(logFile, 1_000)).trim();
      const what = alive ? `took no command within ${startTimeoutMs} ms` : 'ended at once';
      throw new AdapterError('proxy-not-started', `start ${name}: it ${what}; it wrote: ${tail || 'nothing'}`);
    }
    await clock.sleep(pollMs, signal);
  }
}

function parseIdentity(bytes: string | null, name: string): ProcessIdentity | null {
  if (bytes === null) return null;
  try {
    return parseDocument(processIdentitySchema, bytes, { name: `process of ${name}`, maxBytes: 1024 });
  } catch {
    // Then nothing is known of it; a new one finds the port taken and says so.
    return null;
  }
}
