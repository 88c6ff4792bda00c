/** Holds the agent's state: every change is on disk before anybody acts on it. */
import { type AgentState, emptyAgentState, parseAgentState, serializeAgentState } from './agent-state.ts';
import type { DurableFile } from './ports.ts';

export class DurableState {
  readonly #file: DurableFile;
  #current = emptyAgentState;

  constructor(file: DurableFile) {
    this.#file = file;
  }

  get current(): AgentState {
    return this.#current;
  }

  /** `unreadable`: what was there is set aside, and `rebuild` says what is known without it. */
  async load(rebuild: () => Promise<AgentState>): Promise<'loaded' | 'absent' | 'unreadable'> {
    const text = await this.#file.read();
    const parsed = text === null ? null : parseOrNull(text);
    if (parsed !== null) {
      this.#current = parsed;
      return 'loaded';
    }
    if (text !== null) await this.#file.setAside();
    this.#current = await rebuild();
    return text === null ? 'absent' : 'unreadable';
  }

  async update(change: (state: AgentState) => AgentState): Promise<void> {
    const next = change(this.#current);
    if (next === this.#current) return;
    await this.#file.write(serializeAgentState(next));
    this.#current = next;
  }
}

function parseOrNull(text: string): AgentState | null {
  try {
    return parseAgentState(text);
  } catch {
    // Whatever is wrong with it, it is kept aside for a person to look at.
    return null;
  }
}
