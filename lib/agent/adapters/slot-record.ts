/** What is known on disk of the process in a slot. It holds no configuration and no secret. */
import { join } from 'node:path';
import * as v from 'valibot';
import { canonicalJson } from '../../contract/canonical-json.ts';
import { parseDocument } from '../../contract/document.ts';
import { sha256Digest, text } from '../../contract/fields.ts';
import type { Slot } from '../../contract/host-status.ts';
import type { DurableFile } from '../ports.ts';
import { createDurableFile } from './durable-file.ts';
import { processIdentitySchema } from './process-identity.ts';

const slotRecordSchema = v.strictObject({
  revision: sha256Digest,
  /** A random mark in the environment of the process, by which it is found when the agent died before it knew its number. */
  launch: text(64),
  process: v.nullable(processIdentitySchema),
  /** How it ended, as far as an agent was there to see it. */
  exit: v.nullable(text(200)),
});

export type SlotRecord = v.InferOutput<typeof slotRecordSchema>;

export interface SlotRecords {
  /** Null: the slot is empty, or its record cannot be read. */
  read(slot: Slot): Promise<SlotRecord | null>;
  write(slot: Slot, record: SlotRecord | null): Promise<void>;
}

/** Kept where a reboot removes it, as it does the processes. */
export function createSlotRecords(runDirectory: string): SlotRecords {
  const file = (slot: Slot): DurableFile => createDurableFile(join(runDirectory, `slot-${slot}.json`));
  return {
    async read(slot) {
      const bytes = await file(slot).read();
      if (bytes === null || bytes === '') return null;
      try {
        return parseDocument(slotRecordSchema, bytes, { name: `record of slot ${slot}`, maxBytes: 4096 });
      } catch {
        await file(slot).setAside();
        return null;
      }
    },
    write: (slot, record) => file(slot).write(record === null ? '' : canonicalJson(record)),
  };
}
