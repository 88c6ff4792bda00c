/** One host in memory: slots, proxy, health, blobs and files, which outlive the agents that work on it. */
import { createHash } from 'node:crypto';
import type {
  BlobDirectory,
  DurableFile,
  HealthProbe,
  Launch,
  Proxy as ProxyPort,
  Refused,
  Route,
  SlotObservation,
  Supervisor,
  UnpackRequest,
} from '../../lib/agent/ports.ts';
import type { Slot } from '../../lib/contract/host-status.ts';
import type { FakeClock } from './fake-clock.ts';

/** How a release behaves; by default it is healthy 100 ms after its start, and for ever. */
export interface AppBehaviour {
  readonly healthyAfterMs?: number;
  readonly exitsAfterMs?: number;
  readonly refuses?: Refused;
  readonly health?: (upMs: number) => boolean;
}

interface RunningApp {
  readonly launch: Launch;
  readonly pid: number;
  readonly startedAtMs: number;
  exit: string | null;
}

export class FakeSupervisor implements Supervisor {
  readonly slots: Record<Slot, RunningApp | null> = { blue: null, green: null };
  /** By release. */
  readonly behaviours: Map<string, AppBehaviour>;
  readonly starts: { readonly slot: Slot; readonly launch: Launch }[] = [];
  readonly #clock: FakeClock;
  #pid = 1_000;

  constructor(clock: FakeClock, behaviours = new Map<string, AppBehaviour>()) {
    this.#clock = clock;
    this.behaviours = behaviours;
  }

  async start(slot: Slot, launch: Launch): Promise<{ readonly kind: 'started' } | Refused> {
    const refusal = this.behaviours.get(launch.release)?.refuses;
    this.slots[slot] = null;
    if (refusal !== undefined) return refusal;
    this.#pid += 1;
    this.slots[slot] = { launch, pid: this.#pid, startedAtMs: this.#clock.monotonicMs(), exit: null };
    this.starts.push({ slot, launch });
    return { kind: 'started' };
  }

  async stop(slot: Slot): Promise<void> {
    this.slots[slot] = null;
  }

  async inspect(slot: Slot): Promise<SlotObservation> {
    return this.look(slot);
  }

  look(slot: Slot): SlotObservation {
    const app = this.slots[slot];
    if (app === null) return { kind: 'empty' };
    const { revision, release } = app.launch;
    const exitsAfterMs = this.behaviours.get(release)?.exitsAfterMs ?? Infinity;
    if (this.#clock.monotonicMs() - app.startedAtMs >= exitsAfterMs) app.exit ??= 'exited with code 1';
    if (app.exit !== null) return { kind: 'exited', revision, detail: app.exit };
    return { kind: 'running', revision, pid: app.pid };
  }

  async logTail(slot: Slot, maxBytes: number): Promise<string> {
    const app = this.slots[slot];
    const secrets = Object.values(app?.launch.environment ?? {}).join(' ');
    return app === null ? '' : `last words of ${slot}: ${secrets}`.slice(0, maxBytes);
  }

  kill(slot: Slot, detail = 'exited with SIGKILL'): void {
    const app = this.slots[slot];
    if (app !== null) app.exit = detail;
  }

  isHealthy(slot: Slot): boolean {
    const app = this.slots[slot];
    if (app === null || this.look(slot).kind !== 'running') return false;
    const upMs = this.#clock.monotonicMs() - app.startedAtMs;
    const { healthyAfterMs = 100, health } = this.behaviours.get(app.launch.release) ?? {};
    return health === undefined ? upMs >= healthyAfterMs : health(upMs);
  }
}

export class FakeProxy implements ProxyPort {
  running = false;
  current: Route = { active: null, backup: null, healthPath: null };
  readonly routes: Route[] = [];
  /** Held open by clients, by slot. */
  readonly open: Record<Slot, number> = { blue: 0, green: 0 };

  async route(route: Route): Promise<{ readonly switchMs: number }> {
    this.running = true;
    this.current = route;
    this.routes.push(route);
    return { switchMs: 1.5 };
  }

  async inspect() {
    const { active, backup } = this.current;
    return this.running ? { running: true, active, backup } : { running: false, active: null, backup: null };
  }

  fault: () => Error | null = () => null;

  async connections(slot: Slot): Promise<number> {
    const fault = this.fault();
    if (fault !== null) throw fault;
    return this.running ? this.open[slot] : 0;
  }
}

export class FakeProbe implements HealthProbe {
  readonly #supervisor: FakeSupervisor;

  constructor(supervisor: FakeSupervisor) {
    this.#supervisor = supervisor;
  }

  async check(slot: Slot): Promise<{ readonly healthy: boolean; readonly detail: string }> {
    const healthy = this.#supervisor.isHealthy(slot);
    return { healthy, detail: healthy ? 'answered 200' : 'answered 503' };
  }
}

export class FakeBlobs implements BlobDirectory {
  readonly unpacked = new Set<string>();

  async has(sha256: string): Promise<boolean> {
    return this.unpacked.has(sha256);
  }

  async unpack(blob: UnpackRequest, stream: NodeJS.ReadableStream) {
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of stream) {
      hash.update(chunk);
      size += Buffer.byteLength(chunk);
    }
    if (size !== blob.size || hash.digest('hex') !== blob.sha256) {
      const detail = `blob ${blob.sha256} is not what its digest says`;
      return { kind: 'refused', reason: 'digest-mismatch', detail } as const;
    }
    this.unpacked.add(blob.sha256);
    return { kind: 'unpacked' } as const;
  }

  path(sha256: string): string {
    return `/blobs/${sha256}`;
  }

  async keepOnly(sha256s: readonly string[]): Promise<void> {
    for (const one of this.unpacked) if (!sha256s.includes(one)) this.unpacked.delete(one);
  }
}

export class FakeFile implements DurableFile {
  text: string | null = null;
  aside: string | null = null;
  writes = 0;
  fault: () => Error | null = () => null;

  async read(): Promise<string | null> {
    return this.text;
  }

  async write(text: string): Promise<void> {
    const fault = this.fault();
    if (fault !== null) throw fault;
    this.writes += 1;
    this.text = text;
  }

  async setAside(): Promise<void> {
    this.aside = this.text;
    this.text = null;
  }
}
