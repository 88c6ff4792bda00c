/** What every status board promises. */
import type { StatusBoard } from '../../../lib/agent/ports.ts';
import { hostStatus } from '../../support/documents.ts';

const signal = () => AbortSignal.timeout(10_000);

export interface StatusBoardSubject {
  /** The board as that host uses it; all of them are one board. */
  readonly boardOf: (host: string) => StatusBoard;
}

export function statusBoardContract(name: string, makeSubject: () => Promise<StatusBoardSubject>): void {
  describe(`status board of ${name}`, () => {
    it('is empty at first', async () => {
      const { boardOf } = await makeSubject();
      expect(await boardOf('role:i-1').list(signal())).toEqual([]);
    });

    it('shows every host the newest status of all, with its age', async () => {
      const { boardOf } = await makeSubject();
      const [one, two] = [boardOf('role:i-1'), boardOf('role:i-2')];
      await one.write(hostStatus({ host: 'role:i-1', generation: 1 }), signal());
      await two.write(hostStatus({ host: 'role:i-2', generation: 2 }), signal());
      await one.write(hostStatus({ host: 'role:i-1', generation: 3 }), signal());
      const listed = await two.list(signal());
      const generations = Object.fromEntries(listed.map(({ status }) => [status.host, status.generation]));
      expect(generations).toEqual({ 'role:i-1': 3, 'role:i-2': 2 });
      expect(listed.every(({ ageMs }) => ageMs >= 0 && ageMs < 10_000)).toBe(true);
    });
  });
}
