/** A lab: a network with the AWS that machines see, and machines on it. `npm run test:vm` gives it the namespaces it works in. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AwsAccess } from '../../../lib/delivery/store.ts';
import { type Emulator, startEmulator } from '../../../lib/rehearsal/emulator.ts';
import type { Run } from '../../../lib/rehearsal/run.ts';
import { type Edge, edgeServices, openEdge } from './aws-edge.ts';
import { type Certificates, issueCertificates } from './certificates.ts';
import { createIdentities, type Identities, newInstanceId } from './identities.ts';
import { createLabRun } from './lab-run.ts';
import { createMachine, type Machine } from './machine.ts';
import { type MetadataService, openMetadataService } from './metadata-service.ts';
import { openNameService } from './name-service.ts';
import { closeNetwork, labAddress, machineAddress, openNetwork } from './network.ts';

export interface BootOptions {
  readonly name: string;
  /** Run by cloud-init at the first boot. Default: none. */
  readonly userData?: string;
  /** `i-...`; by default a new one. */
  readonly instance?: string;
  /** By absolute path, on the disk before the first boot. */
  readonly files?: Readonly<Record<string, string>>;
  /** Default: 4,096. */
  readonly diskMiB?: number;
}

export interface Lab {
  readonly region: string;
  readonly edge: Edge;
  readonly metadata: MetadataService;
  readonly emulator: Emulator;
  /** To the emulator itself, for what pipelines do. */
  readonly access: AwsAccess;
  /** For the parts of lib/rehearsal. */
  readonly run: Run;
  /** Temporary: gone with the lab. */
  readonly folder: string;
  readonly machines: readonly Machine[];
  /** From now on machines are given other credentials. */
  rotateCredentials(): void;
  /** Resolves when the machine takes commands: user data may still be running. */
  boot(options: BootOptions): Promise<Machine>;
  close(): Promise<void>;
}

export interface LabOptions {
  readonly region?: string;
  readonly account?: string;
}

const base = '/run/slipway-vm';
/** Where the machines keep the authority of the lab: Debian's OpenSSL and curl, and Node.js. */
const authorityFile = '/usr/local/share/ca-certificates/slipway-lab.crt';
const bundleFile = '/etc/ssl/certs/ca-certificates.crt';

export async function openLab({ region = 'eu-central-1', account = '111122223333' }: LabOptions = {}): Promise<Lab> {
  const image = process.env['SLIPWAY_VM_IMAGE'] ?? '';
  const group = process.env['SLIPWAY_VM_GROUP'] ?? '';
  if (!existsSync(image) || group === '')
    throw new Error('opening a lab: outside of its namespaces; use npm run test:vm');
  await mkdir(base, { recursive: true });
  const folder = await mkdtemp(join(base, 'lab-'));
  const stop = new AbortController();
  const run = await createLabRun(folder, stop.signal);
  const identities = createIdentities();
  await openNetwork();
  const names = edgeServices.flatMap((name) => [
    `${name}.${region}.amazonaws.com`,
    `*.${name}.${region}.amazonaws.com`,
  ]);
  const certificates = await issueCertificates(names, join(folder, 'certificates'));
  const emulator = await startEmulator(run, { account, region });
  const { endpoint } = emulator.gateway;
  const nameService = await openNameService();
  const metadata = await openMetadataService(identities, region);
  const edge = await openEdge({ region, certificates, identities, endpoint });
  const machines: Machine[] = [];
  return {
    region,
    edge,
    metadata,
    emulator,
    access: { region, endpoint, credentials: { accessKeyId: 'rehearsal', secretAccessKey: 'rehearsal' } },
    run,
    folder,
    machines,
    rotateCredentials: () => identities.rotate(),
    boot: async (options) => bootMachine(options, { image, group, folder, certificates, identities, machines }),
    async close() {
      await Promise.all([...machines].map(async (machine) => machine.destroy()));
      await Promise.all([edge.close(), metadata.close(), nameService.close(), emulator.close()]);
      stop.abort(new Error('the lab is closed'));
      await closeNetwork();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Site {
  readonly image: string;
  readonly group: string;
  readonly folder: string;
  readonly certificates: Certificates;
  readonly identities: Identities;
  readonly machines: Machine[];
}

let machinesSoFar = 0;

async function bootMachine(options: BootOptions, site: Site): Promise<Machine> {
  const { name, userData = '', instance = newInstanceId(), files = {}, diskMiB = 4_096 } = options;
  const { folder, image, group, identities, machines } = site;
  const identity = { name, instance, userData, address: machineAddress(machinesSoFar) };
  machinesSoFar += 1;
  identities.add(identity);
  const own = join(folder, 'machines', name);
  await mkdir(own, { recursive: true });
  const machine = await createMachine({
    identity,
    image,
    folder: own,
    group,
    diskMiB,
    files: { ...(await trust(site)), ...files },
    onDestroy() {
      identities.remove(identity);
      machines.splice(machines.indexOf(machine), 1);
    },
  });
  machines.push(machine);
  return machine;
}

/** All that makes a machine of the lab other than an instance: it knows the lab's authority and resolver. */
async function trust({ certificates }: Site): Promise<Readonly<Record<string, string>>> {
  return {
    [authorityFile]: certificates.authority,
    [bundleFile]: certificates.authority,
    '/etc/resolv.conf': `nameserver ${labAddress}\n`,
    '/etc/systemd/system/slipway-agent.service.d/lab.conf': `[Service]\nEnvironment=NODE_EXTRA_CA_CERTS=${authorityFile}\n`,
  };
}
