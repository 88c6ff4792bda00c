/** A real HAProxy whose listening socket is held by somebody else, as under systemd. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { createHaproxy } from '../../lib/agent/adapters/haproxy.ts';
import { configFileName } from '../../lib/agent/adapters/haproxy-config.ts';
import type { ProxyUnitControl } from '../../lib/agent/adapters/haproxy-runner.ts';
import { systemClock } from '../../lib/agent/adapters/system-clock.ts';
import type { AgentSettings } from '../../lib/contract/agent-settings.ts';
import { parseValue } from '../../lib/contract/document.ts';
import { makeProxySubject } from './proxy-subject.ts';

const recordFile = 'haproxy-unit.json';
const checkSchema = v.strictObject({ status: v.number(), said: v.string() });

export async function makeProxyUnitSubject() {
  let holder: ChildProcessWithoutNullStreams | null = null;
  const hold = async (settings: AgentSettings): Promise<ChildProcessWithoutNullStreams> => {
    const directory = join(settings.stateDirectory, 'proxy');
    for (const folder of [directory, `${settings.runDirectory}-proxy`]) await mkdir(folder, { recursive: true });
    const { address, port } = settings.listen;
    const place = [address, String(port), join(settings.runDirectory, recordFile)];
    const program = ['haproxy', '-W', '-db', '-f', configFileName];
    return spawn('python3', [join(__dirname, 'held-socket.py'), ...place, ...program], { cwd: directory });
  };
  const tell = async (verb: 'start' | 'reload' | 'check'): Promise<string> => {
    holder ??= await hold(subject.settings);
    holder.stderr.resume();
    holder.stdin.write(`${verb}\n`);
    const [answer]: unknown[] = await once(holder.stdout, 'data');
    return String(answer);
  };
  const control: ProxyUnitControl = {
    async request(verb) {
      await tell(verb);
      return { kind: 'done' };
    },
  };
  const subject = await makeProxySubject({
    kind: 'haproxy',
    recordFile,
    create: (settings) => createHaproxy({ settings, clock: systemClock, control }),
  });
  return {
    ...subject,
    /** As `systemctl restart` and `systemctl reload`. */
    restart: () => tell('start'),
    reload: () => tell('reload'),
    /** What `haproxy -c` says of the configuration, with the socket at hand. */
    check: async () => parseValue(checkSchema, JSON.parse(await tell('check')), 'answer of haproxy -c'),
    async dispose() {
      if (holder !== null) {
        holder.stdin.end();
        await once(holder, 'exit');
      }
      await subject.dispose();
    },
  };
}
