/** What the units of a host promise, tried from inside of them on a booted systemd. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { bootHost, type Host } from './hardening/host.ts';
import { type Lab, openLab } from './support/lab.ts';

const probe = readFileSync(join(__dirname, 'hardening/probe.cjs'), 'utf8');
const authority = '/usr/local/share/ca-certificates/slipway-lab.crt';
const units = [
  'slipway-agent.service',
  'slipway-app@blue.service',
  'slipway-proxy.service',
  'slipway-control@1.service',
];
const outcomes = v.record(v.string(), v.union([v.object({ reached: v.unknown() }), v.object({ failed: v.string() })]));

let lab: Lab;
let host: Host;
beforeAll(async () => {
  lab = await openLab();
  host = await bootHost(lab, 'm1');
  await host.release('probe', { 'server.cjs': probe });
  await host.release('other', { 'server.cjs': probe });
  // What is to be out of reach is there.
  const planted = [
    'mkdir -p /run/slipway/slots /dev/shm/planted /var/lib/cloud',
    'echo "{}" > /var/lib/slipway/state.json',
    'echo KEY=secret > /run/slipway/slots/planted.env',
    'chown -R slipway: /run/slipway/slots /var/lib/slipway/state.json',
    'chmod a+rwX /dev/shm/planted',
  ];
  await host.machine.must(['sh', '-c', planted.join(' && ')]);
});
afterAll(async () => lab?.close());
afterEach(async () => {
  await host.supervisor.stop('blue', 0);
  await host.supervisor.stop('green', 0);
});

const environment = {
  NODE_EXTRA_CA_CERTS: authority,
  OTHER_RELEASE: 'other',
  AWS_NAME: 's3.eu-central-1.amazonaws.com',
};

async function serve(slot: 'blue' | 'green'): Promise<void> {
  expect(await host.supervisor.start(slot, host.launch('probe', { environment }))).toEqual({ kind: 'started' });
  await host.machine.until(
    `an answer of ${slot}`,
    async () => (await host.ask(slot, '/health').catch(() => null)) === 'ok',
  );
}

async function tried(path: '/works' | '/reach') {
  return v.parse(outcomes, await host.ask('blue', path));
}

async function ruleAgain(): Promise<string> {
  await host.machine.must(['/opt/slipway/host/metadata-guard.sh']);
  return host.machine.must(['ip', 'rule']);
}

/** With a configuration that sends everything to the green slot. */
async function startProxy(): Promise<void> {
  const config = `defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend host
  bind fd@3
  default_backend app
backend app
  server green 127.0.0.1:8082
`;
  await host.machine.must(['sh', '-c', 'mkdir -p /var/lib/slipway/proxy && cat > /var/lib/slipway/proxy/haproxy.cfg'], {
    input: config,
  });
  expect(await host.control('slipway', 'start proxy')).toBe('ok');
}

/** A drop-in, a restart of what it changes, and the way back. */
async function changed(unit: string, text: string, action: () => Promise<void>): Promise<void> {
  const change = await host.change(unit, text);
  try {
    await action();
  } finally {
    await change.undo();
  }
}

describe('the units of a host', () => {
  test('V2: pass systemd-analyze verify on the machine that runs them', async () => {
    const all = [...units, 'slipway-proxy.socket', 'slipway-control.socket', 'slipway-metadata-guard.service'];
    const { code, stdout, stderr } = await host.machine.run(['systemd-analyze', 'verify', ...all]);
    expect({ code, said: stdout + stderr }).toEqual({ code: 0, said: '' });
  });

  test('V1: expose at most 1.5 (service) and 2.5 (agent), as the running systemd sees them', async () => {
    const limits = { 'slipway-app@blue.service': 15, 'slipway-agent.service': 25, 'slipway-proxy.service': 25 };
    for (const [unit, limit] of Object.entries(limits)) {
      const { code, stdout } = await host.machine.run(['systemd-analyze', 'security', `--threshold=${limit}`, unit]);
      expect({ unit, code, stdout: code === 0 ? '' : stdout }).toEqual({ unit, code: 0, stdout: '' });
    }
  });

  test('are installed by a script that, run again, changes nothing and restarts nothing', async () => {
    const state = async () =>
      host.machine.must([
        'sh',
        '-c',
        `systemctl show -p MainPID,ActiveEnterTimestampMonotonic,NeedDaemonReload ${units.join(' ')} slipway-control.socket;
        find /etc/systemd /etc/slipway /etc/passwd /etc/group /var/lib/slipway -printf '%p %T@ %m %u %g\\n' | sort`,
      ]);
    const before = await state();
    await host.machine.must(['/opt/slipway/host/install.sh'], { timeoutMs: 60_000 });
    expect(await state()).toBe(before);
  });

  test('hold the address of the settings', async () => {
    expect(await host.machine.must(['systemctl', 'cat', 'slipway-proxy.socket'])).toContain(
      'ListenStream=0.0.0.0:8080',
    );
  });
});

describe('a service in its unit', () => {
  test('V3: has its JIT, WebAssembly, threads, children, DNS, outgoing TLS, its state and temporary files', async () => {
    await serve('blue');
    expect(await tried('/works')).toEqual({
      jit: { reached: true },
      webAssembly: { reached: 42 },
      lookup: { reached: expect.stringMatching(/^\d+\./) },
      resolve: { reached: expect.stringMatching(/^\d+\./) },
      tls: { reached: expect.any(Number) },
      loopback: { reached: 200 },
      processors: { reached: true },
      interfaces: { reached: true },
      worker: { reached: 0 },
      child: { reached: '42' },
      state: { reached: 'yes' },
      temporary: { reached: true },
    });
  });

  test('V4: reaches nothing of the machine but its own release and its own state', async () => {
    await serve('blue');
    const seen = await tried('/reach');
    expect(Object.keys(seen).length).toBeGreaterThan(20);
    expect(Object.entries(seen).filter(([, outcome]) => 'reached' in outcome)).toEqual([]);
    expect(seen['metadata over IPv4']).toEqual({ failed: 'EACCES' });
  });

  test('V4: the same attempts succeed without the sandbox: they would notice a hole', async () => {
    await changed('slipway-app@.service', open, async () => {
      await serve('blue');
      const seen = await tried('/reach');
      expect(Object.entries(seen).filter(([, outcome]) => 'failed' in outcome)).toEqual([]);
    });
  });

  test.each([
    [
      'TemporaryFileSystem=\nTemporaryFileSystem=/opt/slipway:ro',
      ['message bus', 'user data', 'writing to shared memory of others'],
    ],
    ['RestrictNamespaces=no', ['a namespace of its own']],
    ['RestrictSUIDSGID=no', ['a setuid program']],
    ['ProtectProc=default', ['other processes']],
  ])('V4: without its guard, the one attempt that it is for succeeds: %j', async (directives, names) => {
    await changed('slipway-app@.service', `[Service]\n${directives}\n`, async () => {
      await serve('blue');
      const seen = await tried('/reach');
      const reached = Object.entries(seen).flatMap(([name, outcome]) => ('reached' in outcome ? [name] : []));
      expect({ seen, reached }).toEqual({ seen, reached: expect.arrayContaining(names) });
    });
  });

  test('V4: neither its user nor that of the proxy has a way to the metadata; the agent has', async () => {
    const ask = ['curl', '-sS', '-m', '3', '-o', '/dev/null', '-X', 'PUT', 'http://169.254.169.254/latest/api/token'];
    await serve('blue');
    expect((await host.as('slipway-app', ask)).code).not.toBe(0);
    expect((await host.as('slipway-proxy', ask)).code).not.toBe(0);
    expect((await host.as('slipway', ask)).code).toBe(0);
    // Without its rules, the guard is what lets them through: the address itself answers.
    await host.machine.must(['sh', '-c', 'while ip rule del priority 100 2>/dev/null; do :; done']);
    expect((await host.as('slipway-app', ask)).code).toBe(0);
    await host.machine.must(['/opt/slipway/host/metadata-guard.sh']);
    expect((await host.as('slipway-app', ask)).code).not.toBe(0);
    expect(await host.machine.must(['ip', 'rule'])).toBe(await ruleAgain());
  });

  test('V5: that eats memory is killed alone, and the supervisor says why', async () => {
    // Of the machine's memory the unit has 40 %; the test does not eat that much.
    await changed('slipway-app@blue.service', '[Service]\nMemoryMax=200M\n', async () => {
      await serve('blue');
      await serve('green');
      await startProxy();
      const others = async () => [
        await host.mainPid('slipway-agent.service'),
        await host.mainPid('slipway-proxy.service'),
        await host.supervisor.inspect('green'),
      ];
      const before = await others();
      await host.ask('blue', '/hog');
      const detail = await host.machine.until('the end of the hog', async () => {
        const seen = await host.supervisor.inspect('blue');
        return seen.kind === 'exited' && seen.detail;
      });
      expect(detail).toMatch(/memory.* 200 MiB/);
      expect(await others()).toEqual(before);
      expect(await host.machine.must(['curl', '-s', 'http://127.0.0.1:8080/health'])).toBe('"ok"');
    });
  });

  test('V5: may use two fifths of the memory and 512 tasks', async () => {
    const show = (property: string) =>
      host.machine.must(['systemctl', 'show', '--value', `--property=${property}`, 'slipway-app@blue.service']);
    const total = Number(/MemTotal:\s+(\d+)/.exec(await host.machine.must(['cat', '/proc/meminfo']))?.[1]) * 1024;
    expect(Number(await show('MemoryMax')) / total).toBeCloseTo(0.4, 2);
    expect(await show('MemorySwapMax')).toBe('0\n');
    expect(await show('OOMScoreAdjust')).toBe('500\n');
    await serve('blue');
    const answer = v.parse(
      v.object({ children: v.number(), failure: v.nullable(v.string()) }),
      await host.ask('blue', '/fork'),
    );
    expect(answer).toEqual({ children: expect.any(Number), failure: 'EAGAIN' });
    expect(answer.children).toBeGreaterThan(400);
    expect(answer.children).toBeLessThan(512);
    expect(await host.ask('blue', '/health')).toBe('ok');
    await host.supervisor.stop('blue', 0);
    await changed('slipway-app@.service', '[Service]\nTasksMax=infinity\n', async () => {
      await serve('blue');
      expect(await host.ask('blue', '/fork')).toEqual({ children: 600, failure: null });
    });
  });
});

describe('the agent in its unit', () => {
  test('S15: is killed and started again when it hangs, and the service is not touched', async () => {
    await changed('slipway-agent.service', '[Service]\nWatchdogSec=4\n', async () => {
      await host.machine.must(['systemctl', 'restart', 'slipway-agent.service']);
      await serve('blue');
      const agent = await host.mainPid('slipway-agent.service');
      const service = await host.supervisor.inspect('blue');
      await host.machine.must(['kill', '-STOP', String(agent)]);
      const since = Date.now();
      await host.machine.until('the next agent', async () => {
        expect(await host.ask('blue', '/health')).toBe('ok');
        const pid = await host.mainPid('slipway-agent.service');
        return pid > 0 && pid !== agent;
      });
      expect(Date.now() - since).toBeLessThan(4_000 + 2_000 + 3_000);
      await host.machine.until(
        'its answer',
        async () => (await host.supervisor.inspect('blue').catch(() => null)) !== null,
      );
      expect(await host.supervisor.inspect('blue')).toEqual(service);
    });
    await host.machine.must(['systemctl', 'restart', 'slipway-agent.service']);
  });

  test('S15: is not killed while it turns', async () => {
    await changed('slipway-agent.service', '[Service]\nWatchdogSec=2\n', async () => {
      await host.machine.must(['systemctl', 'restart', 'slipway-agent.service']);
      const agent = await host.mainPid('slipway-agent.service');
      await new Promise((resolve) => setTimeout(resolve, 6_000));
      expect(await host.mainPid('slipway-agent.service')).toBe(agent);
      expect(await host.machine.must(['systemctl', 'status', '--no-pager', 'slipway-agent.service'])).toContain(
        'Status: "driven by a test"',
      );
    });
    await host.machine.must(['systemctl', 'restart', 'slipway-agent.service']);
  });

  test('has no way to systemd but the control socket', async () => {
    const agent = ['systemctl', 'restart', 'slipway-app@blue.service'];
    expect((await host.as('slipway', agent)).code).not.toBe(0);
  });
});

/** Everything that keeps the service in, taken away. */
const open = `[Service]
User=root
Group=root
SupplementaryGroups=
ProtectSystem=no
TemporaryFileSystem=
BindPaths=
BindReadOnlyPaths=
InaccessiblePaths=
ExecStart=
ExecStart=/opt/slipway/runtime/package/bin/node $SLIPWAY_ARGUMENTS
WorkingDirectory=
WorkingDirectory=/var/lib/slipway/blobs/probe
IPAddressDeny=
CapabilityBoundingSet=~
NoNewPrivileges=no
ProtectHome=no
ProtectProc=default
PrivateTmp=no
PrivateDevices=no
PrivateUsers=no
PrivateIPC=no
ProtectClock=no
ProtectHostname=no
ProtectKernelLogs=no
ProtectKernelModules=no
ProtectKernelTunables=no
ProtectControlGroups=no
RestrictAddressFamilies=
RestrictNamespaces=no
RestrictSUIDSGID=no
SystemCallFilter=
UMask=0022
`;
