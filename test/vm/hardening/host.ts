/** A machine of the lab with the units of a host installed by install.sh, and the driver in place of the agent. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import * as v from 'valibot';
import type { Launch, SlotObservation, Supervisor } from '../../../lib/agent/ports.ts';
import { canonicalJson, sha256 } from '../../../lib/contract/canonical-json.ts';
import type { ReleaseManifest } from '../../../lib/contract/release-manifest.ts';
import { parseRuntimePins } from '../../../lib/contract/runtime-pins.ts';
import type { Slot } from '../../../lib/contract/host-status.ts';
import { releaseManifest } from '../../support/documents.ts';
import { mustRun } from '../support/command.ts';
import type { Lab } from '../support/lab.ts';
import type { Machine } from '../support/machine.ts';
import type { Request } from './driver.ts';

const repository = join(__dirname, '../../..');
const assets = join(repository, 'lib/infra/assets/host');

export interface Host {
  readonly machine: Machine;
  /** The real adapter, on the machine, in the sandbox of the agent's unit. */
  readonly supervisor: Supervisor;
  /** Microseconds of processor time of one look. */
  measureLook(slot: Slot, times: number): Promise<number>;
  /** Puts a release on the machine. */
  release(name: string, files: Readonly<Record<string, string>>): Promise<void>;
  launch(name: string, change?: Partial<Launch> & { readonly start?: ReleaseManifest['start'] }): Launch;
  /** Runs a command in the machine as one of its users. */
  as(user: string, args: readonly string[]): Promise<{ readonly code: number; readonly stdout: string }>;
  /** What the control socket answers a user to one line. */
  control(user: string, line: string): Promise<string>;
  /** A drop-in of a unit, in place at once; removed again by `undo`. */
  change(unit: string, text: string): Promise<{ undo(): Promise<void> }>;
  /** Asks the service of a slot; rejects when it does not answer. */
  ask(slot: Slot, path: string): Promise<unknown>;
  mainPid(unit: string): Promise<number>;
}

const node = '/opt/slipway/runtime/package/bin/node';
/** Writes its argument to the control socket, and prints the answer or what went wrong. */
const talk = `const socket = require('node:net').connect('/run/slipway-control.sock');
  socket.on('error', ({ code }) => console.log(code)).on('data', (data) => process.stdout.write(data));
  socket.write(process.argv[1] + String.fromCharCode(10));`;

const settings = {
  schema: 1,
  listen: { address: '0.0.0.0', port: 8080 },
  slots: { address: '127.0.0.1', blue: 8081, green: 8082 },
};
const ports = settings.slots;

export async function bootHost(lab: Lab, name: string): Promise<Host> {
  const machine = await lab.boot({
    name,
    files: {
      '/etc/slipway/agent.json': canonicalJson(settings),
      '/opt/slipway/agent.cjs': await bundleDriver(),
      ...(await hostFiles()),
    },
  });
  const root = (path: string): string => join(`/proc/${machine.leader}/root`, path);
  await machine.must(['sh', '-c', 'chmod +x /opt/slipway/host/*.sh']);
  await mkdir(root('/opt/slipway/runtime'), { recursive: true });
  await mustRun('tar', ['-xzf', await runtimeBlob(), '-C', root('/opt/slipway/runtime'), 'package/bin/node']);
  await machine.must(['/opt/slipway/host/install.sh'], { timeoutMs: 120_000 });
  const ask = (request: Request): Promise<unknown> => exchange(root('/run/slipway/driver.sock'), request);
  await machine.must(['sh', '-c', 'mkdir -p /var/lib/slipway/blobs && chown slipway: /var/lib/slipway/blobs']);
  const as: Host['as'] = async (user, args) =>
    machine.run(['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', ...args]);
  return {
    machine,
    as,
    async control(user, line) {
      const { stdout } = await as(user, [node, '-e', talk, line]);
      return stdout.trim();
    },
    supervisor: remoteSupervisor(ask),
    measureLook: async (slot, times) => Number(await ask({ call: 'measure', slot, times })),
    async release(name, files) {
      const folder = `/var/lib/slipway/blobs/${name}`;
      await mkdir(root(folder), { recursive: true });
      for (const [path, text] of Object.entries(files)) await writeFile(root(join(folder, path)), text);
      await machine.must(['sh', '-c', `chown -R slipway: ${folder} && chmod -R u=rwX,go=rX ${folder}`]);
    },
    launch: (name, { start = ['node', 'server.cjs'], ...change } = {}) => ({
      revision: sha256(name),
      release: sha256(name),
      manifest: releaseManifest({ start }),
      appDirectory: `/var/lib/slipway/blobs/${name}`,
      nodeBinary: node,
      environment: {},
      ...change,
    }),
    async change(unit, text) {
      const folder = `/etc/systemd/system/${unit}.d`;
      const file = `${folder}/50-test.conf`;
      await machine.must(['mkdir', '-p', folder]);
      await machine.must(['sh', '-c', `cat > ${file}`], { input: text });
      await machine.must(['systemctl', 'daemon-reload']);
      return {
        async undo() {
          await machine.must(['rm', file]);
          await machine.must(['systemctl', 'daemon-reload']);
        },
      };
    },
    async ask(slot, path) {
      const answer = await machine.must(['curl', '-sS', '-m', '60', `http://127.0.0.1:${ports[slot]}${path}`], {
        timeoutMs: 70_000,
      });
      return JSON.parse(answer);
    },
    mainPid: async (unit) => Number(await machine.must(['systemctl', 'show', '--property=MainPID', '--value', unit])),
  };
}

async function bundleDriver(): Promise<string> {
  const entry = join(__dirname, 'driver.ts');
  const options = { bundle: true, write: false, platform: 'node', target: 'node20', format: 'cjs' } as const;
  const { outputFiles } = await build({ entryPoints: [entry], tsconfigRaw: '{}', logLevel: 'silent', ...options });
  return outputFiles[0]?.text ?? '';
}

async function hostFiles(): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(assets);
  const files = names.map(async (name) => [`/opt/slipway/host/${name}`, await readFile(join(assets, name), 'utf8')]);
  return Object.fromEntries(await Promise.all(files));
}

async function runtimeBlob(): Promise<string> {
  const pins = parseRuntimePins(await readFile(join(repository, 'environments/runtime.json'), 'utf8'));
  const { sha256 } = pins.platforms[process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64'];
  return join(repository, '.slipway/cache/runtime', `${sha256}.tgz`);
}

const answerSchema = v.union([v.strictObject({ value: v.unknown() }), v.strictObject({ error: v.string() })]);

/** The driver's socket is a file of the machine, which this side sees. */
function exchange(path: string, request: Request): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.setTimeout(60_000, () => socket.destroy(new Error(`no answer to ${request.call} within 60 s`)));
    socket.once('error', reject);
    let line = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      line += chunk;
      if (!line.endsWith('\n')) return;
      socket.destroy();
      const answer = v.parse(answerSchema, JSON.parse(line));
      if ('error' in answer) reject(new Error(answer.error));
      else resolve(answer.value);
    });
    socket.write(`${JSON.stringify(request)}\n`);
  });
}

const observation: v.GenericSchema<unknown, SlotObservation> = v.variant('kind', [
  v.strictObject({ kind: v.literal('empty') }),
  v.strictObject({ kind: v.literal('running'), revision: v.string(), pid: v.number() }),
  v.strictObject({ kind: v.literal('exited'), revision: v.string(), detail: v.string() }),
]);
const started = v.variant('kind', [
  v.strictObject({ kind: v.literal('started') }),
  v.strictObject({ kind: v.literal('refused'), reason: v.literal('start-failed'), detail: v.string() }),
]);

function remoteSupervisor(ask: (request: Request) => Promise<unknown>): Supervisor {
  return {
    start: async (slot, launch) =>
      v.parse(
        started,
        await ask({ call: 'start', slot, launch: { ...launch, environment: { ...launch.environment } } }),
      ),
    stop: async (slot, timeoutMs) => void (await ask({ call: 'stop', slot, timeoutMs })),
    inspect: async (slot) => v.parse(observation, await ask({ call: 'inspect', slot })),
    logTail: async (slot, maxBytes) => v.parse(v.string(), await ask({ call: 'logTail', slot, maxBytes })),
  };
}
