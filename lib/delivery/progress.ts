/** How the functions of `lib/delivery` tell what they do, without knowing who listens. */

export const progressSteps = ['build', 'publish', 'synth', 'stacks', 'desired', 'wait', 'record', 'rollback'] as const;
export type ProgressStep = (typeof progressSteps)[number];

export interface ProgressEvent {
  readonly step: ProgressStep;
  /** One line for people, without a full stop. */
  readonly message: string;
  /** The same for machines. */
  readonly fields?: Readonly<Record<string, string | number | boolean | null>>;
}

export type Progress = (event: ProgressEvent) => void;

/** What every call of `lib/delivery` that does I/O takes. */
export interface Call {
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Environment variables of a child process. Named so because an *environment* is `dev`, `stage` or `prod`. */
export type Variables = Readonly<Record<string, string | undefined>>;
