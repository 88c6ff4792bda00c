/** What every store promises; the one in memory and the one in S3 both pass it. */
import { parseDesiredState, serializeDesiredState } from '../../lib/contract/desired-state.ts';
import { blobKey, desiredStateKey } from '../../lib/contract/names.ts';
import type { Store } from '../../lib/delivery/store.ts';
import { desiredState } from '../support/documents.ts';

export function describeStore(name: string, open: () => Promise<Store>): void {
  describe(name, () => {
    const { signal } = new AbortController();
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });
    const write = async (generation: number, etag: string | null, by = 'ada') => {
      const text = serializeDesiredState(desiredState({ generation }));
      return store.compareAndSwap(desiredStateKey, text, { etag, by }, signal);
    };
    const read = async () => store.read(desiredStateKey, parseDesiredState, signal);

    test('an object is created once, and the same bytes again move nothing', async () => {
      expect(await store.putNew(blobKey('a'), { text: 'one' }, signal)).toBe('created');
      expect(await store.putNew(blobKey('a'), { text: 'one' }, signal)).toBe('present');
    });

    test('other bytes under a name that is taken are refused, and what was there stays', async () => {
      const text = serializeDesiredState(desiredState());
      await store.putNew('releases/x.json', { text }, signal);
      const other = store.putNew('releases/x.json', { text: `${text} ` }, signal);
      await expect(other).rejects.toMatchObject({ code: 'digest-collision' });
      const stored = await store.read('releases/x.json', parseDesiredState, signal);
      expect(stored?.value.generation).toBe(1);
    });

    test('what is not there reads as nothing', async () => {
      expect(await read()).toBeUndefined();
      expect(await store.versions(desiredStateKey, parseDesiredState, 10, signal)).toEqual([]);
      expect(await store.statuses(signal)).toEqual([]);
    });

    test('the first write needs that there is nothing, the next one the version that was read', async () => {
      expect(await write(1, null, 'Ada Lovelace ☂')).toMatchObject({ kind: 'written' });
      expect(await write(2, null)).toEqual({ kind: 'lost' });
      const first = await read();
      expect(first).toMatchObject({ value: { generation: 1 }, by: 'Ada Lovelace ☂' });
      expect(await write(2, first?.etag ?? '')).toMatchObject({ kind: 'written' });
      expect(await write(3, first?.etag ?? '')).toEqual({ kind: 'lost' });
      expect((await read())?.value.generation).toBe(2);
    });

    test('old versions can be read, the newest first', async () => {
      let etag: string | null = null;
      for (const generation of [1, 2, 3]) {
        const written = await write(generation, etag, `writer ${generation}`);
        etag = written.kind === 'written' ? written.etag : null;
      }
      const versions = await store.versions(desiredStateKey, parseDesiredState, 2, signal);
      expect(versions.map(({ value, by }) => [value.generation, by])).toEqual([
        [3, 'writer 3'],
        [2, 'writer 2'],
      ]);
    });

    test('C2: of 20 writers at once exactly one wins', async () => {
      const first = await write(1, null);
      const etag = first.kind === 'written' ? first.etag : '';
      const writers = Array.from({ length: 20 }, async (_, index) => write(2, etag, `writer ${index}`));
      const results = await Promise.all(writers);
      expect(results.filter(({ kind }) => kind === 'written')).toHaveLength(1);
      const winner = results.findIndex(({ kind }) => kind === 'written');
      expect(await read()).toMatchObject({ by: `writer ${winner}`, value: { generation: 2 } });
    });
  });
}
