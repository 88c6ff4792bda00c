/** What the agent's bundle does for `proxy --settings FILE`, alone. */
import { readFileSync } from 'node:fs';
import { runBuiltInProxy } from '../../lib/agent/adapters/built-in-proxy-server.ts';
import { parseAgentSettings } from '../../lib/contract/agent-settings.ts';

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const settings = parseAgentSettings(readFileSync(process.argv[4] ?? '', 'utf8'));
runBuiltInProxy(settings, stop.signal).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
