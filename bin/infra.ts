/** The CDK app of this repository. `-c environment=dev` synthesizes that environment only. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { environments, service } from '../environments/index.ts';
import { parseRuntimePins } from '../lib/contract/runtime-pins.ts';
import { bundleAgent } from '../lib/delivery/agent-bundle.ts';
import { slipwayApp } from '../lib/infra/app.ts';

const root = join(__dirname, '..');

async function main(): Promise<void> {
  const runtime = parseRuntimePins(readFileSync(join(root, 'environments', 'runtime.json'), 'utf8'));
  const agentSha256 = existsSync(join(root, 'bin', 'agent.ts')) ? (await bundleAgent(root)).sha256 : '0'.repeat(64);
  slipwayApp({ service, environments: Object.values(environments), agentSha256, runtime }).synth();
}

void main();
