/** The whole thing on one laptop: builds the world, takes the tour, writes what was measured, and leaves nothing behind. */
import { access, constants, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Environment } from '../contract/environment.ts';
import type { LoadFigures } from './load.ts';
import { emptyFigures, type RehearsalReport, type TourStep, tourSteps } from './report.ts';
import { RehearsalError } from './rehearsal-error.ts';
import { type Run, type Variables, withRun } from './run.ts';
import { stay } from './stay.ts';
import { createStory } from './story.ts';
import { summaryOf } from './summary.ts';
import { takeTour, type Tour } from './tour.ts';
import { createWorld, type World } from './world.ts';

export interface RehearsalOptions {
  /** Root of the Slipway repository. */
  readonly repository: string;
  /** Name of the service, as in `environments/index.ts`. */
  readonly service: string;
  /** The one that is rehearsed: `dev`. */
  readonly environment: Environment;
  /** A service of the user's, in place of `service/`; null: that one. */
  readonly serviceDirectory: string | null;
  /** The first deployment only, then whatever is pushed, until the signal. */
  readonly stays: boolean;
  /** Of the load balancer; null: a free one. */
  readonly port: number | null;
  /** Null: HAProxy where it is installed. */
  readonly proxy: 'haproxy' | 'built-in' | null;
  /** Where the report is written too; null: nowhere. */
  readonly jsonFile: string | null;
  /** Default: all of the tour. */
  readonly steps?: readonly TourStep[];
  /** Default 2. */
  readonly hosts?: number;
  /** Environment variables for the programs that it starts. */
  readonly variables: Variables;
  /** Takes each line for people. */
  readonly write: (line: string) => void;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Throws `RehearsalError` where it could not begin, and the signal's reason; what goes wrong on the tour is in the report. */
export async function rehearse(options: RehearsalOptions): Promise<RehearsalReport> {
  const story = createStory(options.write);
  if (options.jsonFile !== null) await assertWritable(options.jsonFile);
  const report = await withRun({ ...options, story }, async (run) => {
    const world = await createWorld(run, { ...options, hosts: options.hosts ?? 2, site: null });
    const value = await perform(run, world, options);
    return { value, keepsLogs: !value.isGood };
  });
  for (const line of summaryOf(report)) options.write(line);
  if (options.jsonFile !== null) await writeFile(options.jsonFile, `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

/** Before anything starts, and not after a minute. */
async function assertWritable(file: string): Promise<void> {
  try {
    await access(dirname(file), constants.W_OK);
  } catch (cause) {
    const complaint = {
      tried: `--json ${file}`,
      wrong: 'its folder cannot be written to',
      todo: 'choose another file',
    };
    throw new RehearsalError('json-not-writable', complaint, { cause });
  }
}

async function perform(run: Run, world: World, options: RehearsalOptions): Promise<RehearsalReport> {
  const steps = options.stays ? (['first-deploy'] as const) : (options.steps ?? tourSteps);
  const { stays } = options;
  let tour: Tour = { world, load: null, steps: [], figures: emptyFigures };
  const problems: string[] = [];
  try {
    await takeTour(world, { steps, stays, onStep: (so) => (tour = so) });
    if (stays) await stay(tour, options.serviceDirectory !== null);
  } catch (error) {
    options.signal.throwIfAborted();
    problems.push(error instanceof Error ? error.message : String(error));
  }
  const load = (await tour.load?.stop()) ?? noLoad;
  return {
    schema: 1,
    isGood: problems.length === 0 && load.failed === 0,
    problems,
    service: options.service,
    environment: options.environment.name,
    proxy: world.proxy,
    hosts: world.hosts,
    seconds: run.story.elapsed(),
    figures: tour.figures,
    load,
    steps: tour.steps,
  };
}

const noLoad: LoadFigures = { requests: 0, failed: 0, failures: [], p50Ms: 0, p99Ms: 0 };
