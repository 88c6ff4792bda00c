/** What every health probe promises. */
import type { HealthProbe } from '../../../lib/agent/ports.ts';
import type { Slot } from '../../../lib/contract/host-status.ts';
import { releaseManifest } from '../../support/documents.ts';

const signal = () => AbortSignal.timeout(10_000);

export interface HealthProbeSubject {
  readonly probe: HealthProbe;
  /** Lets a service answer in that slot. */
  readonly serve: (slot: Slot, isHealthy: boolean) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

export function healthProbeContract(name: string, makeSubject: () => Promise<HealthProbeSubject>): void {
  describe(`health probe ${name}`, () => {
    const { health } = releaseManifest();
    let subject: HealthProbeSubject;
    beforeEach(async () => {
      subject = await makeSubject();
    });
    afterEach(() => subject.dispose());

    it.each([
      { title: 'a service that is well', isHealthy: true },
      { title: 'a service that is not', isHealthy: false },
    ])('tells of $title, with a detail for people', async ({ isHealthy }) => {
      await subject.serve('blue', isHealthy);
      const result = await subject.probe.check('blue', health, signal());
      expect(result).toEqual({ healthy: isHealthy, detail: expect.stringMatching(isHealthy ? /200/ : /503/) });
    });

    it('finds an empty slot unhealthy', async () => {
      expect(await subject.probe.check('green', health, signal())).toMatchObject({ healthy: false });
    });
  });
}
