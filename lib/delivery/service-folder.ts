/** Turns the exported source of a service into the files that a host runs: install, build, drop what only the build needs. */
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../contract/canonical-json.ts';
import type { Platform } from '../contract/runtime-pins.ts';
import { type CommandResult, lastLines, runCommand } from './command.ts';
import { DeliveryError } from './delivery-error.ts';
import type { Call, Variables } from './progress.ts';
import { parseServiceLock } from './service-lock.ts';
import { type ServicePackage, parseServicePackage, startFile } from './service-package.ts';
import { systemCode } from './system-code.ts';

export interface ServiceFolderOptions extends Call {
  /** Exported files of the service. */
  readonly folder: string;
  /** The service's folder as messages call it: `service`. */
  readonly name: string;
  readonly platform: Platform;
  /** Of npm and of the build script. */
  readonly variables: Variables;
}

export interface PreparedService {
  readonly declared: ServicePackage;
  /** Digest of the lock file; of nothing where there is none. */
  readonly lock: string;
}

/** Throws `DeliveryError`. */
export async function prepareService(options: ServiceFolderOptions): Promise<PreparedService> {
  const { folder, name, progress } = options;
  const declared = parseServicePackage(await readPackage(options), `${name}/package.json`);
  const lock = await readOptional(join(folder, 'package-lock.json'));
  if (lock === undefined && needsLock(declared)) throw noLock(name);
  const { withInstallScript } =
    lock === undefined ? { withInstallScript: [] } : parseServiceLock(lock, `${name}/package-lock.json`);
  for (const dependency of withInstallScript) {
    progress({ step: 'build', message: `the install script of ${dependency} is not run`, fields: { dependency } });
  }
  if (declared.hasBuild) await runBuild(declared, options);
  if (declared.hasProductionDependencies) await installProduction(options);
  await checkStart(declared, options);
  return { declared, lock: sha256(lock ?? '') };
}

async function runBuild(declared: ServicePackage, options: ServiceFolderOptions): Promise<void> {
  const { progress, folder } = options;
  if (declared.hasDependencies) {
    progress({ step: 'build', message: 'installing what the build needs' });
    await install([], options);
  }
  progress({ step: 'build', message: 'running the build script' });
  const result = await npm(['run', 'build', '--ignore-scripts=false'], options);
  if (result.exitCode !== 0) {
    throw new DeliveryError('build-failed', {
      tried: `running the build script of ${options.name}/package.json`,
      wrong: `it ended with ${String(result.exitCode)}\n${lastLines(result)}\n`,
      todo: 'run `npm ci && npm run build` there and correct it',
    });
  }
  await rm(join(folder, 'node_modules'), { recursive: true, force: true });
}

/** For the hosts' system, not for this machine's: packages with one build per platform are picked by these options. */
async function installProduction(options: ServiceFolderOptions): Promise<void> {
  const [os, cpu] = options.platform.split('-');
  options.progress({ step: 'build', message: `installing what the service needs on ${options.platform}` });
  await install(['--omit=dev', `--os=${os}`, `--cpu=${cpu}`, '--libc=glibc'], options);
  // npm's record of the installation names the registry's host: other bytes behind another mirror.
  await rm(join(options.folder, 'node_modules', '.package-lock.json'), { force: true });
}

async function install(args: readonly string[], options: ServiceFolderOptions): Promise<void> {
  const quiet = ['--no-audit', '--no-fund', '--no-progress', '--no-update-notifier', '--loglevel=error'];
  const result = await npm(['ci', '--ignore-scripts', '--prefer-offline', ...quiet, ...args], options);
  if (result.exitCode === 0) return;
  throw new DeliveryError('install-failed', {
    tried: `running \`npm ci ${args.join(' ')}\` in ${options.name}`,
    wrong: `it ended with ${String(result.exitCode)}\n${lastLines(result)}\n`,
    todo: 'check that npm reaches its registry and that package-lock.json fits package.json (`npm install`)',
  });
}

async function npm(args: readonly string[], options: ServiceFolderOptions): Promise<CommandResult> {
  const { folder, variables, signal } = options;
  return runCommand('npm', args, { directory: folder, variables, signal });
}

async function readPackage({ folder, name }: ServiceFolderOptions): Promise<string> {
  const text = await readOptional(join(folder, 'package.json'));
  if (text !== undefined) return text;
  throw new DeliveryError('no-package-json', {
    tried: `reading ${name}/package.json`,
    wrong: 'the commit has no such file',
    todo: 'make one with `npm init` and commit it, or name another folder as the service',
  });
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function needsLock({ hasBuild, hasDependencies, hasProductionDependencies }: ServicePackage): boolean {
  return hasProductionDependencies || (hasBuild && hasDependencies);
}

function noLock(name: string): DeliveryError {
  return new DeliveryError('no-lock', {
    tried: `reading ${name}/package-lock.json`,
    wrong: 'the service has dependencies, and the commit has no such file',
    todo: 'write it with `npm install --package-lock-only` and commit it: without it two builds differ',
  });
}

/** As `node FILE` looks for it. */
async function checkStart({ start, hasBuild }: ServicePackage, { folder, name }: ServiceFolderOptions): Promise<void> {
  const file = startFile(start) ?? '';
  const candidates = [file, `${file}.js`, join(file, 'index.js')].map((path) => join(folder, path));
  const found = await Promise.all(candidates.map(async (path) => isFile(path)));
  if (found.includes(true)) return;
  throw new DeliveryError('no-start', {
    tried: `looking for the file that \`${start.join(' ')}\` runs`,
    wrong: `${name} has no '${file}'${hasBuild ? ' after its build' : ' and no build script'}`,
    todo: 'correct "slipway": {"start": [...]} in package.json, or commit the file if Git ignores it',
  });
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ?? false;
}
