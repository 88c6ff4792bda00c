/** Counts what each slot has to answer now: requests in flight, streams, upgraded connections. */
import * as v from 'valibot';
import { canonicalJson } from '../../contract/canonical-json.ts';
import { parseDocument } from '../../contract/document.ts';
import { whole } from '../../contract/fields.ts';
import type { Slot } from '../../contract/host-status.ts';

const count = whole(0, 1_000_000);
const sessionsSchema = v.strictObject({ blue: count, green: count });

export const sessionsPath = '/sessions';

export class SlotSessions {
  readonly #open: Record<Slot, number> = { blue: 0, green: 0 };

  /** Returns what ends it; calling that again changes nothing. */
  begin(slot: Slot): () => void {
    let isOpen = true;
    this.#open[slot] += 1;
    return () => {
      if (isOpen) this.#open[slot] -= 1;
      isOpen = false;
    };
  }

  serialize(): string {
    return canonicalJson(this.#open);
  }
}

/** Throws `ContractError`. */
export function parseSessions(bytes: string): Readonly<Record<Slot, number>> {
  return parseDocument(sessionsSchema, bytes, { name: 'sessions of the proxy', maxBytes: 1024 });
}
