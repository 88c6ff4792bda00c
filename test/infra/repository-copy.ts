/** This repository in another folder, with its files changed as a test needs it; dependencies are those that are installed. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const parts = ['bin', 'environments', 'lib', 'package.json', 'tsconfig.json', 'cdk.json'];

export interface Ran {
  readonly status: number | null;
  /** Standard output and standard error. */
  readonly said: string;
}

export class RepositoryCopy {
  readonly folder = mkdtempSync(join(tmpdir(), 'slipway-copy-'));

  constructor() {
    for (const part of parts) cpSync(join(root, part), join(this.folder, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(this.folder, 'node_modules'));
  }

  edit(file: string, from: string, to: string): void {
    const path = join(this.folder, file);
    const before = readFileSync(path, 'utf8');
    if (!before.includes(from)) throw new Error(`${file} does not hold '${from}'`);
    writeFileSync(path, before.replace(from, to));
  }

  run(command: readonly string[], environment: Readonly<Record<string, string>> = {}): Ran {
    const [program = '', ...programArguments] = command;
    const { status, stdout, stderr } = spawnSync(program, programArguments, {
      cwd: this.folder,
      encoding: 'utf8',
      env: { ...process.env, NODE_ENV: 'production', ...environment },
      timeout: 300_000,
    });
    return { status, said: `${stdout}${stderr}` };
  }

  cdk(commandArguments: readonly string[], environment: Readonly<Record<string, string>> = {}): Ran {
    return this.run([join(root, 'node_modules', '.bin', 'cdk'), ...commandArguments], {
      CDK_DISABLE_VERSION_CHECK: '1',
      ...environment,
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
