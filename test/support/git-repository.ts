/** A temporary Git repository, and a bare remote beside it, that a test fills with commits. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface GitRepository {
  readonly root: string;
  /** A bare repository, known as `origin`. */
  readonly remote: string;
  readonly variables: Readonly<Record<string, string>>;
  write(files: Readonly<Record<string, string>>): void;
  /** Writes files and commits all; gives the commit's full name. */
  commit(message: string, files?: Readonly<Record<string, string>>): string;
  git(...args: string[]): string;
  /** Removes everything. */
  remove(): void;
}

/** Independent of the settings and the identity of the machine that it runs on. */
export function gitRepository(): GitRepository {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-git-'));
  const root = join(folder, 'clone');
  const remote = join(folder, 'remote.git');
  const variables = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: join(folder, 'none'),
  };
  const run = (directory: string, args: readonly string[]): string =>
    execFileSync('git', args, {
      cwd: directory,
      env: variables,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  run(folder, ['init', '--quiet', '--template=', '--bare', '--initial-branch=dev', remote]);
  run(folder, ['init', '--quiet', '--template=', '--initial-branch=dev', root]);
  appendFileSync(
    join(root, '.git', 'config'),
    `[user]\n\tname = Ada\n\temail = ada@example.com\n[remote "origin"]\n\turl = ${remote}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`,
  );
  const git = (...args: string[]): string => run(root, args).trim();
  const write = (files: Readonly<Record<string, string>>): void => {
    for (const [path, contents] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), contents);
    }
  };
  return {
    root,
    remote,
    variables,
    git,
    write,
    commit(message, files = {}) {
      write(files);
      git('add', '--all');
      git('commit', '--quiet', '--allow-empty', '--message', message);
      return git('rev-parse', 'HEAD');
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
