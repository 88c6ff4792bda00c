/** The command line as a process: its output, its signals, its exit code. */
import { join } from 'node:path';
import { main } from '../lib/cli/main.ts';
import type { Output } from '../lib/cli/shell.ts';

/** After Ctrl-C, commands end what they started; one that does not is ended itself. */
const patienceMs = 30_000;

// Says nothing about this version of the SDK, and would stand before every error.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stop.abort(new Error(`stopped by ${signal}`));
    setTimeout(() => process.exit(1), patienceMs).unref();
  });
}

function output(stream: NodeJS.WriteStream): Output {
  // Whoever read it may have gone: `slipway status | head`.
  stream.on('error', () => undefined);
  return { write: (text) => void stream.write(text), isTerminal: stream.isTTY };
}

const shell = {
  repository: join(__dirname, '..'),
  variables: process.env,
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  signal: stop.signal,
  now: () => Date.now(),
  loadProject: async () => {
    const { service, environments, promotionOrder } = await import('../environments/index.ts');
    return { service, environments, promotionOrder };
  },
};

main(process.argv.slice(2), shell).then(
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
