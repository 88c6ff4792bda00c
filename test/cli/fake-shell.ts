/** A process around the command line that only remembers. */
import { join } from 'node:path';
import { environments, promotionOrder, service } from '../../environments/index.ts';
import { main } from '../../lib/cli/main.ts';
import type { ExitCode, Shell } from '../../lib/cli/shell.ts';

export interface Ran {
  readonly exitCode: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

export async function run(line: string, change: Partial<Shell> = {}): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const shell: Shell = {
    repository: join(__dirname, '../..'),
    variables: {},
    stdout: { write: (text) => void (written.stdout += text), isTerminal: false },
    stderr: { write: (text) => void (written.stderr += text), isTerminal: false },
    signal: new AbortController().signal,
    now: () => Date.parse('2026-11-23T12:00:00Z'),
    loadProject: async () => Promise.resolve({ service, environments, promotionOrder }),
    ...change,
  };
  const exitCode = await main(line.split(' ').filter(Boolean), shell);
  return { exitCode, ...written };
}
