/** What the parts of a running agent share. */
import type { Pins } from '../contract/desired-state.ts';
import type { AgentProps } from './agent-props.ts';
import { knownPins } from './agent-state.ts';
import type { BackgroundTasks } from './background-tasks.ts';
import type { DurableState } from './durable-state.ts';
import type { Memory } from './memory.ts';
import type { RevisionShelf } from './revision-shelf.ts';
import type { SourceLoop } from './source-loop.ts';
import { revisionOf } from './revision.ts';

export interface Core extends AgentProps {
  readonly state: DurableState;
  readonly shelf: RevisionShelf;
  readonly memory: Memory;
  readonly source: SourceLoop;
  readonly tasks: BackgroundTasks;
}

export function findPins(core: Core, revision: string): Pins | null {
  const pinned = core.pinned === null ? [] : [core.pinned];
  const all = [...pinned, ...knownPins(core.state.current), ...core.shelf.all.map(({ pins }) => pins)];
  return all.find((pins) => revisionOf(pins) === revision) ?? null;
}

export function timeNow({ ports }: AgentProps): string {
  return ports.clock.now().toISOString();
}

const maxHealed = 20;

/** Remembers a repair for the status. */
export function noteHealed({ memory, ...props }: Core, what: string): void {
  props.ports.log.write('warn', 'healed', { what });
  memory.healed = [...memory.healed, { what: what.slice(0, 200), at: timeNow(props) }].slice(-maxHealed);
}
