/** Decides which entries of an archive may be unpacked. Pure: it has seen the headers before, and touches no disk. */
import { posix } from 'node:path';
import type { Header } from 'tar-stream';

/** Node's own tarball has 2,818 entries, a large node_modules 60,000. */
export const maxEntries = 200_000;
export const maxUnpackedBytes = 4 * 1024 ** 3;
/** The Node.js binary shrinks threefold, text tenfold; above this it is made to fill a disk. */
export const maxRatio = 100;
/** Below that a high ratio does no harm. */
export const ratioFloorBytes = 64 * 1024 ** 2;

export interface ArchiveEntry {
  readonly kind: 'file' | 'directory' | 'symlink';
  /** Relative, without `.` and `..`. */
  readonly path: string;
  readonly executable: boolean;
  readonly target: string;
}

/** Null: the root folder itself, nothing to do. */
export type Verdict = ArchiveEntry | null | { readonly kind: 'refused'; readonly detail: string };

export class ArchivePolicy {
  /** Every path so far, and what is there; folders that an entry implies included. */
  readonly #seen = new Map<string, 'file' | 'directory' | 'implied' | 'symlink'>();
  #entries = 0;

  judge(header: Header): Verdict {
    this.#entries += 1;
    if (this.#entries > maxEntries) return refuse(`more than ${maxEntries} entries`);
    const path = relativePath(header.name);
    if (path === null) return refuse(`${show(header.name)} is not a path inside the archive`);
    if (path === '' && header.type === 'directory') return null;
    const entry = toEntry(header, path);
    const problem = typeof entry === 'string' ? entry : this.#claim(entry);
    return problem === null && typeof entry !== 'string' ? entry : refuse(problem ?? '');
  }

  /** What stands in the way of this entry; null: nothing, and the path is taken now. */
  #claim({ path, kind }: ArchiveEntry): string | null {
    const before = this.#seen.get(path);
    if (before !== undefined && !(before === 'implied' && kind === 'directory')) return `${show(path)} is there twice`;
    for (let folder = posix.dirname(path); folder !== '.'; folder = posix.dirname(folder)) {
      const parent = this.#seen.get(folder);
      if (parent === 'file' || parent === 'symlink') return `${show(path)} goes through the ${parent} ${show(folder)}`;
      if (parent !== undefined) break;
      this.#seen.set(folder, 'implied');
    }
    this.#seen.set(path, kind);
    return null;
  }
}

/** A string says why it is refused. */
function toEntry(header: Header, path: string): ArchiveEntry | string {
  const kind = kindOf(header);
  if (kind === null) return `${show(header.name)} is a ${header.type ?? 'thing of an unknown kind'}`;
  if (path === '') return `${show(header.name)} names the root folder`;
  if (kind !== 'symlink' && (header.mode & 0o7000) !== 0) return `${show(path)} is setuid, setgid or sticky`;
  const target = kind === 'symlink' ? header.linkname : '';
  if (kind === 'symlink' && !staysInside(path, target))
    return `${show(path)} links to ${show(target)}, out of the folder`;
  return { kind, path, target, executable: (header.mode & 0o111) !== 0 };
}

/** Null: hard links, devices, pipes and what else may come. */
function kindOf({ type }: Header): ArchiveEntry['kind'] | null {
  if (type === 'file' || type === 'contiguous-file') return 'file';
  return type === 'directory' || type === 'symlink' ? type : null;
}

/** Null: absolute, or with `..`, or with something that no file name holds. */
function relativePath(name: string): string | null {
  if (name.startsWith('/') || name.includes('\0') || name.length > 4_000) return null;
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.some((part) => part === '..' || Buffer.byteLength(part) > 255)) return null;
  return parts.join('/');
}

/** `..` only at its start, and not above the root: through another link, a later `..` could mean another folder than it says. */
function staysInside(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || target.includes('\0') || target.length > 4_000) return false;
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const ups = parts.findIndex((part) => part !== '..');
  const leading = ups === -1 ? parts.length : ups;
  return !parts.slice(leading).includes('..') && leading < path.split('/').length;
}

function refuse(detail: string): Verdict {
  return { kind: 'refused', detail: `the archive is refused: ${detail}` };
}

function show(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 97)}...` : text);
}
