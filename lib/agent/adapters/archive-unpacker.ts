/** Writes the files of one gzip tar into a new folder, as far as the archive policy lets it. */
import { chmod, mkdir, open, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { type ArchiveEntry, ArchivePolicy, maxRatio, maxUnpackedBytes, ratioFloorBytes } from './archive-policy.ts';
import { chunksOf } from './capped-text.ts';
import { errorMessage, field } from './error-facts.ts';
import { firstEvent } from './first-event.ts';

/** The archive is at fault, not the disk and not the network. */
export class ArchiveRefusal extends Error {
  override readonly name = 'ArchiveRefusal';
}

interface TarEntry extends AsyncIterable<unknown> {
  readonly header: Header;
  resume(): unknown;
}

export class ArchiveUnpacker {
  readonly #root: string;
  readonly #only: ReadonlySet<string> | null;
  readonly #policy = new ArchivePolicy();
  readonly #gunzip = createGunzip({ chunkSize: 256 * 1024 });
  readonly #extract = extract();
  readonly #folders = new Set<string>();
  readonly #kept = new Set<string>();
  /** Made last, so that no file is ever written through one. */
  readonly #links: ArchiveEntry[] = [];
  readonly #done: Promise<unknown>;
  #failure: { readonly error: unknown } | undefined;
  #compressed = 0;
  #unpacked = 0;

  /** `root` exists and is empty. `only`: the paths that are kept; null: all. */
  constructor(root: string, only: readonly string[] | null) {
    this.#root = root;
    this.#only = only === null ? null : new Set(only);
    this.#done = Promise.all([
      this.#guarded(() => pipeline(this.#gunzip, (chunks: unknown) => this.#parse(chunks))),
      this.#guarded(() => this.#placeEntries()),
    ]);
  }

  /** Never rejects: a failure shows in `finish`, when it is known whether these were the right bytes. */
  async write(chunk: Buffer): Promise<void> {
    this.#compressed += chunk.length;
    if (this.#failure !== undefined || this.#gunzip.destroyed || this.#gunzip.writableEnded) return;
    if (!this.#gunzip.write(chunk)) await firstEvent(this.#gunzip, ['drain', 'close', 'end']);
  }

  /** Rejects with {@link ArchiveRefusal}, or with what the disk said. */
  async finish(): Promise<void> {
    this.#gunzip.end();
    await this.#done;
    if (this.#failure !== undefined) throw translated(this.#failure.error);
    const missing = [...(this.#only ?? [])].find((path) => !this.#kept.has(path));
    if (missing !== undefined) throw new ArchiveRefusal(`the archive has no ${missing}`);
    for (const { path, target } of this.#links) {
      await this.#makeFolder(dirname(path));
      await symlink(target, join(this.#root, path));
    }
  }

  /** Resolves when no file is open any more. */
  async close(): Promise<void> {
    this.#fail(new Error('closed'));
    await this.#done;
  }

  async #guarded(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The first failure is the cause, what follows from it is not. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#gunzip.destroy();
    this.#extract.destroy();
  }

  async #parse(chunks: unknown): Promise<void> {
    for await (const chunk of chunksOf(chunks)) {
      this.#count(chunk.length);
      if (!this.#extract.write(chunk)) await firstEvent(this.#extract, ['drain', 'close']);
      if (this.#extract.destroyed) return;
    }
    this.#extract.end(undefined);
  }

  #count(bytes: number): void {
    this.#unpacked += bytes;
    if (this.#unpacked > maxUnpackedBytes) {
      throw new ArchiveRefusal(`the archive unpacks to more than ${maxUnpackedBytes} bytes`);
    }
    if (this.#unpacked > ratioFloorBytes && this.#unpacked > this.#compressed * maxRatio) {
      throw new ArchiveRefusal(`the archive unpacks to more than ${maxRatio} times its size`);
    }
  }

  async #placeEntries(): Promise<void> {
    for await (const entry of this.#extract) {
      try {
        await this.#placeEntry(entry);
      } catch (error) {
        // Here, and not where it ends up: leaving the loop closes the stream, which fails too.
        this.#failure ??= { error };
        throw error;
      }
    }
  }

  async #placeEntry(entry: TarEntry): Promise<void> {
    const verdict = this.#policy.judge(entry.header);
    if (verdict?.kind === 'refused') throw new ArchiveRefusal(verdict.detail);
    if (verdict === null || this.#only?.has(verdict.path) === false) {
      entry.resume();
      return;
    }
    this.#kept.add(verdict.path);
    if (verdict.kind === 'file') await this.#writeFile(verdict, entry);
    else entry.resume();
    if (verdict.kind === 'symlink') this.#links.push(verdict);
    if (verdict.kind === 'directory') await this.#makeFolder(verdict.path);
  }

  async #writeFile({ path, executable }: ArchiveEntry, content: AsyncIterable<unknown>): Promise<void> {
    await this.#makeFolder(dirname(path));
    const file = join(this.#root, path);
    const mode = executable ? 0o755 : 0o644;
    const handle = await open(file, 'wx', mode);
    try {
      for await (const chunk of chunksOf(content)) await handle.writeFile(chunk);
      // The umask of the agent must not decide whether the service can run its files.
      if (executable) await chmod(file, mode);
    } finally {
      await handle.close();
    }
  }

  async #makeFolder(path: string): Promise<void> {
    if (path === '.' || this.#folders.has(path)) return;
    await mkdir(join(this.#root, path), { recursive: true, mode: 0o755 });
    this.#folders.add(path);
  }
}

/** What gunzip and tar-stream say of broken input is the archive's fault; what the disk says is not. */
function translated(error: unknown): unknown {
  const isDisk = field(error, 'syscall') !== undefined;
  if (isDisk || error instanceof ArchiveRefusal) return error;
  return new ArchiveRefusal(`the archive cannot be read: ${errorMessage(error)}`, { cause: error });
}
