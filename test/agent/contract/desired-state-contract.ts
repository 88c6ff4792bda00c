/** What every source of the desired state promises. */
import type { DesiredStateSource } from '../../../lib/agent/ports.ts';
import { serializeDesiredState } from '../../../lib/contract/desired-state.ts';
import { desiredState } from '../../support/documents.ts';

const signal = () => AbortSignal.timeout(10_000);

const text = (generation: number) => serializeDesiredState(desiredState({ generation }));

export interface DesiredStateSubject {
  readonly source: DesiredStateSource;
  /** Null: there is none. */
  readonly put: (text: string | null) => Promise<void>;
}

export function desiredStateContract(name: string, makeSubject: () => Promise<DesiredStateSubject>): void {
  describe(`desired state of ${name}`, () => {
    it('is absent before anything was deployed', async () => {
      const { source } = await makeSubject();
      expect(await source.read(signal())).toEqual({ kind: 'absent' });
    });

    it('is told once, and again when it changes', async () => {
      const { source, put } = await makeSubject();
      await put(text(1));
      expect(await source.read(signal())).toEqual({ kind: 'changed', state: desiredState({ generation: 1 }) });
      expect(await source.read(signal())).toEqual({ kind: 'unchanged' });
      await put(text(2));
      expect(await source.read(signal())).toEqual({ kind: 'changed', state: desiredState({ generation: 2 }) });
      expect(await source.read(signal())).toEqual({ kind: 'unchanged' });
    });

    it('A2: is invalid, with the field named, when it does not keep to its schema', async () => {
      const { source, put } = await makeSubject();
      await put(JSON.stringify({ ...desiredState(), generation: 0 }));
      expect(await source.read(signal())).toMatchObject({
        kind: 'invalid',
        detail: expect.stringMatching(/generation/),
      });
      await put('{');
      expect(await source.read(signal())).toMatchObject({ kind: 'invalid' });
      await put(text(3));
      expect(await source.read(signal())).toMatchObject({ kind: 'changed' });
    });

    it('A2: is invalid when it is larger than 64 KiB', async () => {
      const { source, put } = await makeSubject();
      await put(text(1) + ' '.repeat(64 * 1024));
      expect(await source.read(signal())).toMatchObject({
        kind: 'invalid',
        detail: expect.stringMatching(/65536 bytes|at most 65536/),
      });
    });
  });
}
