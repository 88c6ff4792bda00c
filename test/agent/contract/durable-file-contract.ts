/** What every durable file promises. */
import type { DurableFile } from '../../../lib/agent/ports.ts';

export function durableFileContract(name: string, makeFile: () => Promise<DurableFile>): void {
  describe(`durable file ${name}`, () => {
    it('is null before it was written', async () => {
      expect(await (await makeFile()).read()).toBeNull();
    });

    it('holds what was written last', async () => {
      const file = await makeFile();
      await file.write('one');
      await file.write('zwei: ä');
      expect(await file.read()).toBe('zwei: ä');
    });

    it('S4: is gone once it was set aside, and can be written again', async () => {
      const file = await makeFile();
      await file.write('garbage');
      await file.setAside();
      expect(await file.read()).toBeNull();
      await file.setAside();
      await file.write('good');
      expect(await file.read()).toBe('good');
    });
  });
}
