/** Entry point of the agent on a host. Exit codes: 0 ended as asked, 1 failed, 2 usage, 3 another agent works here. */
import { readFileSync } from 'node:fs';
import { awsAccessOf } from '../lib/agent/adapters/aws-credentials.ts';
import { runBuiltInProxy } from '../lib/agent/adapters/built-in-proxy-server.ts';
import { createJsonLog } from '../lib/agent/adapters/json-log.ts';
import { systemClock } from '../lib/agent/adapters/system-clock.ts';
import { parseAgentArguments, usage } from '../lib/agent/agent-arguments.ts';
import { runAgent } from '../lib/agent/run-agent.ts';
import { parseAgentSettings } from '../lib/contract/agent-settings.ts';
import { sha256 } from '../lib/contract/canonical-json.ts';
import { shortDigest } from '../lib/contract/names.ts';

/** The digest of the bundle itself: it names exactly what runs. */
const version = shortDigest(sha256(readFileSync(__filename)));

async function main(args: readonly string[]): Promise<number> {
  const command = parseAgentArguments(args);
  if (command.kind === 'usage') {
    console.error(`agent: ${command.problem}; ${usage}`);
    return 2;
  }
  if (command.kind === 'version') {
    console.log(version);
    return 0;
  }
  const settings = parseAgentSettings(readFileSync(command.settingsFile, 'utf8'), command.settingsFile);
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stop.abort());
  if (command.kind === 'proxy') {
    await runBuiltInProxy(settings, stop.signal);
    return 0;
  }
  const access = awsAccessOf(process.env);
  const log = createJsonLog(process.stdout);
  const props = { settings, version, bundle: __filename, access, variables: process.env, clock: systemClock, log };
  if ((await runAgent(props, stop.signal)) === 'ended') return 0;
  console.error(`agent: start in ${settings.stateDirectory}: another agent works there; stop it first`);
  return 3;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`agent: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  },
);
