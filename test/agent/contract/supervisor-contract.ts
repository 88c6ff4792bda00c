/** What every supervisor promises. */
import type { Launch, Supervisor } from '../../../lib/agent/ports.ts';
import type { Slot } from '../../../lib/contract/host-status.ts';

export interface SupervisorSubject {
  readonly supervisor: Supervisor;
  /** A launch that stays up; the mark makes its revision. */
  readonly launch: (mark: string) => Launch;
  /** Makes what runs in the slot end, and resolves when it has. */
  readonly crash: (slot: Slot) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

export function supervisorContract(name: string, makeSubject: () => Promise<SupervisorSubject>): void {
  describe(`supervisor ${name}`, () => {
    let subject: SupervisorSubject;
    beforeEach(async () => {
      subject = await makeSubject();
    });
    afterEach(() => subject.dispose());

    it('has empty slots at first, and stopping one is no error', async () => {
      const { supervisor } = subject;
      expect(await supervisor.inspect('blue')).toEqual({ kind: 'empty' });
      await supervisor.stop('blue', 1_000);
      expect(await supervisor.inspect('blue')).toEqual({ kind: 'empty' });
      expect(await supervisor.logTail('blue', 1_000)).toBe('');
    });

    it('runs a revision in one slot and leaves the other alone', async () => {
      const { supervisor, launch } = subject;
      const one = launch('one');
      expect(await supervisor.start('blue', one)).toEqual({ kind: 'started' });
      expect(await supervisor.inspect('blue')).toMatchObject({ kind: 'running', revision: one.revision });
      expect(await supervisor.inspect('green')).toEqual({ kind: 'empty' });
    });

    it('replaces what runs in a slot', async () => {
      const { supervisor, launch } = subject;
      await supervisor.start('blue', launch('one'));
      const before = await supervisor.inspect('blue');
      await supervisor.start('blue', launch('two'));
      const after = await supervisor.inspect('blue');
      expect(after).toMatchObject({ kind: 'running', revision: launch('two').revision });
      expect(after).not.toMatchObject({ pid: before.kind === 'running' ? before.pid : 0 });
    });

    it('empties a slot when it stops it', async () => {
      const { supervisor, launch } = subject;
      await supervisor.start('green', launch('one'));
      await supervisor.stop('green', 2_000);
      expect(await supervisor.inspect('green')).toEqual({ kind: 'empty' });
    });

    it('says that a slot exited, and of which revision, until it is started or stopped again', async () => {
      const { supervisor, launch, crash } = subject;
      const one = launch('one');
      await supervisor.start('blue', one);
      await crash('blue');
      expect(await supervisor.inspect('blue')).toMatchObject({ kind: 'exited', revision: one.revision });
      expect(await supervisor.inspect('blue')).toMatchObject({ kind: 'exited', detail: expect.stringMatching(/./) });
      await supervisor.start('blue', one);
      expect(await supervisor.inspect('blue')).toMatchObject({ kind: 'running' });
    });
  });
}
