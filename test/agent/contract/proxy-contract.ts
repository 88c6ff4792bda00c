/** What every proxy promises to the agent. */
import type { Proxy, Route } from '../../../lib/agent/ports.ts';

const signal = () => AbortSignal.timeout(20_000);

export interface ProxySubject {
  readonly proxy: Proxy;
  readonly dispose: () => Promise<void>;
}

export function proxyContract(name: string, makeSubject: () => Promise<ProxySubject>): void {
  describe(`proxy ${name}`, () => {
    let subject: ProxySubject;
    beforeEach(async () => {
      subject = await makeSubject();
    });
    afterEach(() => subject.dispose());

    it('does not run before its first route', async () => {
      expect(await subject.proxy.inspect(signal())).toEqual({ running: false, active: null, backup: null });
    });

    it('shows the route that it was given last', async () => {
      const { proxy } = subject;
      const routes: readonly Route[] = [
        { active: 'blue', backup: null, healthPath: '/health' },
        { active: 'green', backup: 'blue', healthPath: '/ready' },
        { active: 'blue', backup: 'green', healthPath: '/health' },
        { active: 'blue', backup: null, healthPath: '/health' },
        { active: null, backup: null, healthPath: null },
      ];
      for (const { active, backup, healthPath } of routes) {
        const { switchMs } = await proxy.route({ active, backup, healthPath }, signal());
        expect(switchMs).toBeGreaterThanOrEqual(0);
        expect(await proxy.inspect(signal())).toEqual({ running: true, active, backup });
      }
    });

    it('counts no connections where there are none, whether it runs or not', async () => {
      const { proxy } = subject;
      expect(await proxy.connections('blue', signal())).toBe(0);
      await proxy.route({ active: 'green', backup: 'blue', healthPath: '/health' }, signal());
      for (const slot of ['blue', 'green'] as const) expect(await proxy.connections(slot, signal())).toBe(0);
    });

    it('takes the same route twice', async () => {
      const route: Route = { active: 'green', backup: null, healthPath: '/health' };
      await subject.proxy.route(route, signal());
      await subject.proxy.route(route, signal());
      expect(await subject.proxy.inspect(signal())).toEqual({ running: true, active: 'green', backup: null });
    });
  });
}
