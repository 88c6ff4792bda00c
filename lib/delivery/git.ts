/** What delivery asks of Git: plumbing only, no checkout, nothing of the working tree touched. */
import { constants } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { type CommandResult, lastLines, runCommand } from './command.ts';
import { DeliveryError } from './delivery-error.ts';
import type { Variables } from './progress.ts';

export interface GitOptions {
  /** Any folder of the repository, or a bare one. */
  readonly repository: string;
  readonly variables: Variables;
  readonly signal: AbortSignal;
}

/** Root of the working tree that a folder is in. */
export async function repositoryRoot(options: GitOptions): Promise<string> {
  const result = await git(['rev-parse', '--show-toplevel'], options).catch((cause: unknown) => {
    options.signal.throwIfAborted();
    throw notARepository(options.repository, cause);
  });
  if (result.exitCode !== 0) throw notARepository(options.repository, lastLines(result));
  return result.stdout.trim();
}

/** Full name of a commit. */
export async function resolveCommit(revision: string, options: GitOptions): Promise<string> {
  const result = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`], options);
  if (result.exitCode === 0) return result.stdout.trim();
  const isRepository = await git(['rev-parse', '--git-dir'], options);
  if (isRepository.exitCode !== 0) throw notARepository(options.repository, lastLines(isRepository));
  throw new DeliveryError('unknown-commit', {
    tried: 'looking up a commit',
    wrong: `the repository has no commit '${revision}'`,
    todo: 'commit first, fetch it, or check the name with `git log`',
  });
}

/** Object name of a folder at a commit; `''` is the root. */
export async function treeAt(commit: string, folder: string, options: GitOptions): Promise<string> {
  const path = folder.replace(/^\.?\/*|\/+$/g, '');
  const result = await git(['rev-parse', '--verify', '--quiet', `${commit}:${path}`], options);
  if (result.exitCode === 0) return result.stdout.trim();
  throw new DeliveryError('no-package-json', {
    tried: `reading folder '${folder}' of commit ${commit.slice(0, 12)}`,
    wrong: 'the commit has no such folder',
    todo: 'name the folder of the service, relative to the repository, and commit it',
  });
}

/** Paths that differ from HEAD or that Git does not know, below a folder; ignored ones are left out. */
export async function dirtyFiles(folder: string, options: GitOptions): Promise<readonly string[]> {
  const args = ['status', '--porcelain=v1', '-z', '--untracked-files=all', '--no-renames', '--', folder || '.'];
  const { stdout } = await checked(args, options);
  return stdout
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => entry.slice(3));
}

/** Writes the committed files of a tree into a folder, which must exist. Line ends as committed, on any machine. */
export async function exportTree(tree: string, folder: string, options: GitOptions): Promise<void> {
  const args = ['-c', 'core.autocrlf=false', '-c', 'core.eol=lf', 'archive', '--format=tar', tree];
  const onOutput = async (stdout: Readable): Promise<void> => unpack(stdout, folder);
  const result = await git(args, options, onOutput);
  if (result.exitCode !== 0) throw gitFailed(args, result);
}

/** A commit that is on no branch yet. */
export async function commitTree(
  props: { readonly tree: string; readonly parent: string; readonly message: string; readonly by: string },
  options: GitOptions,
): Promise<string> {
  const identity = await identityArguments(props.by, options);
  const args = [...identity, 'commit-tree', props.tree, '-p', props.parent, '-m', props.message];
  const { stdout } = await checked(args, options);
  return stdout.trim();
}

/** Brings a branch of a remote here, as an object only, and says where its tip is. */
export async function fetchTip(remote: string, branch: string, options: GitOptions): Promise<string> {
  await checked(['fetch', '--quiet', '--no-tags', remote, `refs/heads/${branch}`], options);
  return resolveCommit('FETCH_HEAD', options);
}

/** Never forced: false when the branch has moved on meanwhile or its rules refuse. */
export async function pushCommit(
  props: { readonly remote: string; readonly commit: string; readonly branch: string },
  options: GitOptions & { readonly onLine?: (line: string) => void },
): Promise<{ readonly isPushed: boolean; readonly output: string }> {
  const args = ['push', '--quiet', props.remote, `${props.commit}:refs/heads/${props.branch}`];
  const result = await git(args, options);
  return { isPushed: result.exitCode === 0, output: lastLines(result) };
}

/** A hook's `GIT_DIR` would redirect every command; what reaches a remote (`GIT_SSH_COMMAND`) stays. */
export function withoutGitDirectory(variables: Variables): Variables {
  const kept = Object.entries(variables).filter(([name]) => !/^GIT_(?!SSH|SSL|ASKPASS|HTTP)/.test(name));
  return { ...Object.fromEntries(kept), GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
}

async function git(
  args: readonly string[],
  options: GitOptions & { readonly onLine?: (line: string) => void },
  onOutput?: (stdout: Readable) => Promise<void>,
): Promise<CommandResult> {
  return runCommand('git', args, {
    directory: options.repository,
    variables: withoutGitDirectory(options.variables),
    signal: options.signal,
    ...(options.onLine && { onLine: options.onLine }),
    ...(onOutput && { onOutput }),
  });
}

async function checked(args: readonly string[], options: GitOptions): Promise<CommandResult> {
  const result = await git(args, options);
  if (result.exitCode !== 0) throw gitFailed(args, result);
  return result;
}

/** Of the person where Git knows it, else of who runs this. */
async function identityArguments(by: string, options: GitOptions): Promise<readonly string[]> {
  const email = await git(['config', 'user.email'], options);
  const name = await git(['config', 'user.name'], options);
  if (email.exitCode === 0 && name.exitCode === 0) return [];
  return ['-c', `user.name=${by}`, '-c', 'user.email=slipway@localhost'];
}

async function unpack(stdout: Readable, folder: string): Promise<void> {
  const tar = stdout.pipe(extract());
  for await (const entry of tar) {
    const { name, type, mode, linkname } = entry.header;
    const path = join(folder, name);
    await mkdir(type === 'directory' ? path : dirname(path), { recursive: true });
    if (type === 'symlink') await symlink(linkname ?? '', path);
    if (type === 'file') {
      const isExecutable = ((mode ?? 0) & constants.S_IXUSR) !== 0;
      await writeFile(path, await contentsOf(entry), { mode: isExecutable ? 0o755 : 0o644 });
    }
    entry.resume();
  }
}

async function contentsOf(entry: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of entry) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function gitFailed(args: readonly string[], result: CommandResult): DeliveryError {
  const command = args.find((arg) => /^[a-z][a-z-]+$/.test(arg)) ?? args.join(' ');
  return new DeliveryError('git-failed', {
    tried: `running \`git ${command}\``,
    wrong: lastLines(result) || `it ended with ${String(result.exitCode)} and no message`,
    todo: 'run it by hand in the repository to see more',
  });
}

function notARepository(folder: string, cause: unknown): DeliveryError {
  return new DeliveryError(
    'not-a-repository',
    {
      tried: 'looking for the Git repository',
      wrong: `'${folder}' is in none`,
      todo: 'change to a clone of your repository, or make one with `git init` and commit',
    },
    { cause },
  );
}
