/** What the agent knows only while it runs; after a restart all of it is found out again. */
import type { HostStatus, Phase, Slot } from '../contract/host-status.ts';
import type { Permission } from './rollout.ts';
import { SecretMemory } from './secret-memory.ts';
import type { Staged } from './stage.ts';

/** Health of the slot that serves, during its soak. */
export interface SoakWatch {
  readonly revision: string;
  /** Monotonic; the soak counts from the last failure. */
  healthySinceMs: number;
  failures: number;
  failuresInRow: number;
  lastDetail: string;
  /** Monotonic; when reading the desired state began to fail. */
  unreadableSinceMs: number | null;
  desiredState: 'unknown' | 'readable' | 'lost';
}

export interface StageResult {
  readonly revision: string;
  readonly result: Staged;
  readonly tookMs: number;
}

export interface CheckWatch {
  readonly revision: string;
  readonly slot: Slot;
  readonly startedAtMs: number;
  passes: number;
  lastDetail: string;
}

export interface Memory {
  readonly startedAt: string;
  readonly secrets: SecretMemory;
  /** Slots whose process passed its checks since it was started. */
  readonly checked: Set<Slot>;
  check: CheckWatch | null;
  soak: SoakWatch | null;
  /** Monotonic, by revision: not before then is it staged again. */
  readonly stalled: Map<string, { readonly failures: number; readonly untilMs: number }>;
  /** Staging that ended since the last look. */
  readonly staged: StageResult[];
  restart: { readonly count: number; readonly lastMs: number; readonly notBeforeMs: number } | null;
  survey: {
    /** Of another generation it says nothing. */
    readonly generation: number;
    readonly permission: Permission | null;
    readonly failures: number;
    readonly nextMs: number;
  } | null;
  healed: HostStatus['healed'];
  phase: Phase;
  /** What it tries just now and cannot do yet, for people. */
  trouble: string | null;
  /** Revisions whose files were all there; null: look again, as after every step. */
  runnable: { readonly seenAtMs: number; readonly revisions: readonly string[] } | null;
  /** The set of blobs that was kept at the last collection. */
  collected: string | null;
}

export function newMemory(startedAt: string): Memory {
  return {
    startedAt,
    secrets: new SecretMemory(),
    checked: new Set(),
    check: null,
    soak: null,
    stalled: new Map(),
    staged: [],
    restart: null,
    survey: null,
    healed: [],
    phase: 'idle',
    trouble: null,
    runnable: null,
    collected: null,
  };
}
