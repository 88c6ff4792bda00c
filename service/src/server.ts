/** The process: settings from its environment, one line per event, and an orderly end on SIGTERM. */
import { createService } from './service.ts';
import { readSettings } from './settings.ts';

/** Below the time after which Slipway kills: `slipway.stop.timeoutMs` in package.json. */
const stopDeadlineMs = 8_000;

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const service = createService(settings);
  let stopping = false;
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log('stopping', { signal });
    const drained = await service.stop(stopDeadlineMs);
    log('stopped', { drained });
    process.exitCode = drained ? 0 : 1;
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal).catch(fail));
  await service.start();
  log('ready', { address: service.server.address(), release: settings.release, slot: settings.slot });
}

function log(event: string, fields: Readonly<Record<string, unknown>>): void {
  console.log(JSON.stringify({ event, ...fields }));
}

function fail(error: unknown): void {
  console.error(`example-service: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

main().catch(fail);
