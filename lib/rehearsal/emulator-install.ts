/** Finds the emulator on the PATH, or installs it into a private virtual environment that all runs share. */
import { existsSync } from 'node:fs';
import { access, constants, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { lastLines, type Program, run } from './child-process.ts';
import { RehearsalError } from './rehearsal-error.ts';
import type { Run } from './run.ts';

const version = '5.2.1';
/**
 * What moto's server needs for the services that the stacks use. Its own extra `server` pulls in a mathematics library by way of the
 * template linter: 56 s in place of 20 s.
 */
const requirements = [
  `moto==${version}`,
  'flask==3.1.3',
  'flask-cors==6.0.5',
  'PyYAML==6.0.3',
  'openapi-spec-validator==0.7.2',
  'py-partiql-parser==0.6.3',
];

export interface EmulatorProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly origin: 'path' | 'private';
}

/** Throws `RehearsalError`. */
export async function findEmulator(run: Run): Promise<EmulatorProgram> {
  const installed = await findOnPath('moto_server', run);
  if (installed) return { command: installed, args: [], origin: 'path' };
  const directory = join(run.directory.cache, `emulator-${version}`);
  const program = {
    command: join(directory, 'bin', 'python'),
    args: ['-m', 'moto.server'],
    origin: 'private',
  } as const;
  if (!existsSync(directory)) await install(directory, run);
  return program;
}

/** The program's path, or null. */
export async function findOnPath(name: string, { variables }: Pick<Run, 'variables'>): Promise<string | null> {
  for (const folder of (variables['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, name);
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found && folder !== '') return file;
  }
  return null;
}

/** Into a folder of its own first: another run that installs at the same time, or an end in between, leaves no half of it. */
async function install(directory: string, context: Run): Promise<void> {
  const python = await findOnPath('python3', context);
  if (!python) throw notInstallable('no-python', 'python3 is not on the PATH', 'install Python 3.9 or later');
  context.story.say(`the emulator is not installed: installing moto ${version} into .slipway/cache (once, about 30 s)`);
  const draft = `${directory}.${context.directory.id}`;
  await rm(draft, { recursive: true, force: true });
  try {
    await createEnvironment(python, draft, context);
    await rename(draft, directory).catch((error: unknown) => {
      if (!existsSync(directory)) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function createEnvironment(python: string, draft: string, context: Run): Promise<void> {
  const options = ['--disable-pip-version-check', '--no-input', 'install', '--no-compile', '--quiet'];
  const pip = async (command: string, args: readonly string[]): Promise<boolean> =>
    succeeds(program(command, [...args, ...options, ...requirements], context), context);
  // The system's pip fills an environment without one: that saves 6 s, and Debian's python3 can make no other kind.
  const hasPip = await succeeds(program(python, ['-m', 'pip', '--python', python, '--version'], context), context);
  const made = await succeeds(
    program(python, ['-m', 'venv', ...(hasPip ? ['--without-pip'] : []), draft], context),
    context,
  );
  if (!made) {
    throw notInstallable(
      'no-python',
      `python3 makes no virtual environment: ${said(context)}`,
      "install Python's venv (Debian: apt-get install python3-venv)",
    );
  }
  const inner = join(draft, 'bin', 'python');
  const filled = hasPip ? await pip(python, ['-m', 'pip', '--python', inner]) : await pip(inner, ['-m', 'pip']);
  if (!filled) {
    throw notInstallable(
      'emulator-not-installable',
      `pip: ${said(context)}`,
      `install it yourself, so that moto_server is on the PATH: pip install 'moto[server]==${version}'`,
    );
  }
}

function program(command: string, args: readonly string[], { directory, variables }: Run): Program {
  return { name: 'emulator-install', command, args, cwd: directory.path, variables };
}

async function succeeds(program: Program, { directory, signal }: Run): Promise<boolean> {
  return (await run(program, directory.logs, signal)).code === 0;
}

function said({ directory }: Run): string {
  return lastLines(join(directory.logs, 'emulator-install.log'), 1).slice(0, 300) || 'it said nothing';
}

function notInstallable(code: 'no-python' | 'emulator-not-installable', wrong: string, todo: string): RehearsalError {
  return new RehearsalError(code, { tried: 'installing the AWS emulator', wrong, todo });
}
