/** What the command line needs of the process around it, so that a test can be that process. */

export interface Output {
  write(text: string): void;
  /** A person looks, and lines may be drawn again. */
  readonly isTerminal: boolean;
}

export interface Shell {
  /** Root of the Slipway repository. */
  readonly repository: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  now(): number;
  /** What `environments/index.ts` exports, unchecked. Rejects with whatever the files throw. */
  loadProject(): Promise<unknown>;
}

/** 0 done, 1 failed, 2 the command line was wrong. */
export type ExitCode = 0 | 1 | 2;
