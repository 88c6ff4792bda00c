/** What a rehearsal measured, as `--json FILE` writes it. Seconds and milliseconds are numbers; null: not reached or not measured. */
import type { LoadFigures } from './load.ts';
import type { DeploymentFacts } from './measure.ts';

/** The steps of the tour, in their order. */
export const tourSteps = [
  'first-deploy',
  'config-change',
  'good-change',
  'never-healthy',
  'crash-in-soak',
  'rollback',
  'host-lost',
] as const;
export type TourStep = (typeof tourSteps)[number];

export interface StepRecord {
  readonly step: TourStep;
  /** In one line. */
  readonly told: string;
  readonly seconds: number;
  readonly requests: number;
  readonly failed: number;
  readonly deployment: DeploymentFacts | null;
  /** What this step measured. */
  readonly figures: Partial<RehearsalFigures>;
}

export interface RehearsalFigures {
  /** From the push until every host has confirmed the release. */
  readonly firstDeploySeconds: number | null;
  /** From the push of a change until every host serves it: build, synthesis and publishing included. */
  readonly pushedToServingSeconds: number | null;
  /** From the desired state being written until every host serves it, by the hosts' own reports. */
  readonly writtenToServingSeconds: number | null;
  /** The same, by the answers: until the last request was sent that the old release answered; null: the service names no release. */
  readonly writtenToAnswersSeconds: number | null;
  /** From the start of the process until its health had passed, on the slowest host. */
  readonly appStartSeconds: number | null;
  readonly switchMs: number | null;
  readonly configChangeSeconds: number | null;
  /** From the desired state being written until a host refused it. */
  readonly rejectionSeconds: { readonly neverHealthy: number | null; readonly crashInSoak: number | null };
  readonly rollback: {
    /** From the crash of a release in its soak until its host had made the old one active again, by the agent's report; requests go there at once. */
    readonly hotSeconds: number | null;
    /** From the desired state being written until every host serves the old release, started anew. */
    readonly writtenToServingSeconds: number | null;
    /** From the command until every host serves it. */
    readonly commandToServingSeconds: number | null;
  };
  /** From the loss of a host until its replacement took traffic. */
  readonly hostReplacedSeconds: number | null;
}

export interface RehearsalReport {
  readonly schema: 1;
  readonly isGood: boolean;
  /** What went wrong, in one line each. */
  readonly problems: readonly string[];
  readonly service: string;
  readonly environment: string;
  readonly proxy: 'haproxy' | 'built-in';
  readonly hosts: number;
  readonly seconds: number;
  readonly figures: RehearsalFigures;
  readonly load: LoadFigures;
  readonly steps: readonly StepRecord[];
}

export const emptyFigures: RehearsalFigures = {
  firstDeploySeconds: null,
  pushedToServingSeconds: null,
  writtenToServingSeconds: null,
  writtenToAnswersSeconds: null,
  appStartSeconds: null,
  switchMs: null,
  configChangeSeconds: null,
  rejectionSeconds: { neverHealthy: null, crashInSoak: null },
  rollback: { hotSeconds: null, writtenToServingSeconds: null, commandToServingSeconds: null },
  hostReplacedSeconds: null,
};
