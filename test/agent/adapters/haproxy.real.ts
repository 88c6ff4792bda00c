import { spawnSync } from 'node:child_process';
import { createHaproxy } from '../../../lib/agent/adapters/haproxy.ts';
import { systemClock } from '../../../lib/agent/adapters/system-clock.ts';
import { makeProxySubject } from '../../support/proxy-subject.ts';
import { proxyTrafficContract } from '../contract/proxy-traffic-contract.ts';

const installed = spawnSync('haproxy', ['-v']).status === 0;

const makeSubject = () =>
  makeProxySubject({
    kind: 'haproxy',
    recordFile: 'haproxy.json',
    create: (settings) => createHaproxy({ settings, clock: systemClock }),
  });

if (installed || process.env['CI']) {
  proxyTrafficContract('HAProxy', makeSubject);
} else {
  describe.skip('SKIPPED: haproxy is not on the PATH; apt-get install haproxy (or dnf) runs this suite', () => {
    it('needs haproxy', () => undefined);
  });
}
