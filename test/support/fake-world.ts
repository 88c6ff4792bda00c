/** An environment in memory for tests of the agent: one clock, one store, and hosts whose agents can be killed at any call. */
import { Agent } from '../../lib/agent/agent.ts';
import type { AgentPorts } from '../../lib/agent/agent-props.ts';
import type { Log } from '../../lib/agent/ports.ts';
import { sha256 } from '../../lib/contract/canonical-json.ts';
import {
  type DesiredState,
  type Pins,
  parseDesiredState,
  pinsOf,
  revisionOf,
} from '../../lib/contract/desired-state.ts';
import type { HostStatus } from '../../lib/contract/host-status.ts';
import { type ReleaseManifest, serializeReleaseManifest } from '../../lib/contract/release-manifest.ts';
import { desiredState, releaseManifest } from './documents.ts';
import { FakeClock } from './fake-clock.ts';
import { type AppBehaviour, FakeBlobs, FakeFile, FakeProbe, FakeProxy, FakeSupervisor } from './fake-host.ts';
import { FakeMetrics } from './fake-metrics.ts';
import { FakeStore } from './fake-store.ts';

export class FakeWorld {
  readonly clock = new FakeClock();
  readonly store = new FakeStore(this.clock);
  readonly behaviours = new Map<string, AppBehaviour>();
  readonly hosts: FakeHost[] = [];
  drainMs = 30_000;

  /** Publishes a release and says how it behaves. Its digest is the answer. */
  publish(name: string, behaviour: AppBehaviour = {}, change: Partial<ReleaseManifest> = {}): string {
    const { version, os, cpu } = releaseManifest().runtime;
    const runtime = { version, os, cpu, ...this.store.addBlob(Buffer.from('the runtime')) };
    const app = this.store.addBlob(Buffer.from(`the app ${name}`));
    const { bytes, digest } = serializeReleaseManifest(releaseManifest({ runtime, app, ...change }));
    this.store.manifests.set(digest, bytes);
    this.behaviours.set(digest, behaviour);
    return digest;
  }

  /** Writes the next generation. */
  deploy(release: string, change: Partial<DesiredState> & { readonly variables?: Record<string, string> } = {}): Pins {
    const { variables = { COLOUR: 'red' }, ...rest } = change;
    const generation = (this.generation ?? 0) + 1;
    const value = JSON.stringify(variables);
    const config = { parameter: '/hello/dev/config', version: 1, sha256: sha256(value) };
    this.store.parameters.set('/hello/dev/config:1', value);
    const state = desiredState({ generation, release, config, ...rest });
    this.store.writeDesired(state);
    return pinsOf(state);
  }

  get generation(): number | null {
    return this.store.desired === null ? null : parseDesiredState(this.store.desired).generation;
  }

  host(name: string, platform = { os: 'linux', cpu: 'x64' }, pinned: Pins | null = null): FakeHost {
    const host = new FakeHost(this, name, platform, pinned);
    this.hosts.push(host);
    return host;
  }

  async until(condition: () => boolean, maxMs = 120_000): Promise<number> {
    return await this.clock.until(condition, { maxMs, watch: () => this.hosts.forEach((host) => host.watch()) });
  }

  async pass(ms: number): Promise<void> {
    await this.clock.pass(ms, () => this.hosts.forEach((host) => host.watch()));
  }

  end(): void {
    for (const host of this.hosts) host.kill();
  }
}

/** Effects of an agent on its host: the calls at which killing it is interesting. */
const effects = new Set(['write', 'start', 'stop', 'route', 'unpack', 'keepOnly']);

export class FakeHost {
  readonly supervisor: FakeSupervisor;
  readonly proxy = new FakeProxy();
  readonly blobs = new FakeBlobs();
  readonly stateFile = new FakeFile();
  readonly revisionsFile = new FakeFile();
  readonly metrics = new FakeMetrics();
  readonly lines: { readonly level: string; readonly message: string; readonly text: string }[] = [];
  /** Effects that the running agent had so far. */
  effects: string[] = [];
  /** The agent is killed at that effect, before it or after it. */
  killAt: { readonly effect: number; readonly when: 'before' | 'after' } | null = null;
  /** True once something answered requests and then nothing did. */
  hasFailed = false;
  #hasServed = false;
  #stop: AbortController | null = null;
  #isDead = { value: false };
  ended: Promise<void> = Promise.resolve();
  /** What the agent tells systemd, and when. */
  readonly told: { readonly atMs: number; readonly what: string }[] = [];
  readonly name: string;
  readonly #world: FakeWorld;
  readonly #platform: { readonly os: string; readonly cpu: string };
  readonly #pinned: Pins | null;

  constructor(
    world: FakeWorld,
    name: string,
    platform: { readonly os: string; readonly cpu: string },
    pinned: Pins | null,
  ) {
    this.#world = world;
    this.name = name;
    this.#platform = platform;
    this.#pinned = pinned;
    this.supervisor = new FakeSupervisor(world.clock, world.behaviours);
  }

  /** Starts an agent on what is here. */
  boot(): this {
    const stop = new AbortController();
    this.#stop = stop;
    this.#isDead = { value: false };
    this.effects = [];
    const agent = new Agent({
      service: 'hello',
      environment: 'dev',
      host: this.name,
      platform: this.#platform,
      pinned: this.#pinned,
      version: 'test',
      drainMs: this.#world.drainMs,
      random: () => 0.5,
      ports: this.#ports(this.#isDead),
    });
    this.ended = agent.run(stop.signal);
    return this;
  }

  /** As `kill -9`: nothing that it still tries has any effect. */
  kill(): void {
    this.#isDead.value = true;
    this.#stop?.abort();
  }

  /** As SIGTERM. */
  terminate(): void {
    this.#stop?.abort();
  }

  get isAlive(): boolean {
    return !this.#isDead.value;
  }

  /** Everything that does not survive a reboot is gone. */
  reboot(): void {
    this.kill();
    this.supervisor.slots.blue = null;
    this.supervisor.slots.green = null;
    this.proxy.running = false;
    this.#hasServed = false;
  }

  get status(): HostStatus | null {
    return this.#world.store.statusOf(this.name);
  }

  /** Release that answers requests. */
  get serving(): string | null {
    return this.servingPins?.release ?? null;
  }

  get servingPins(): { readonly release: string; readonly revision: string } | null {
    if (!this.proxy.running) return null;
    const { active, backup } = this.proxy.current;
    for (const slot of [active, backup]) {
      const app = slot === null ? null : this.supervisor.slots[slot];
      if (slot !== null && app && this.supervisor.look(slot).kind === 'running') {
        return { release: app.launch.release, revision: app.launch.revision };
      }
    }
    return null;
  }

  hasConverged(pins: Pins): boolean {
    const { status } = this;
    const revision = revisionOf(pins);
    return status?.outcome === 'converged' && status.serving?.revision === revision;
  }

  watch(): void {
    const isServing = this.serving !== null;
    if (this.#hasServed && !isServing) this.hasFailed = true;
    this.#hasServed ||= isServing;
  }

  #ports(dead: { readonly value: boolean }): AgentPorts {
    const { clock, store } = this.#world;
    const fuse = <T extends object>(name: string, port: T): T => this.#fused(name, port, dead);
    const tell = (what: string): void => void this.told.push({ atMs: clock.monotonicMs(), what });
    const log: Log = {
      write: (level, message, fields = {}) => {
        this.lines.push({ level, message, text: JSON.stringify(fields) });
      },
    };
    return {
      source: fuse('source', store.source()),
      releases: fuse('releases', store.releases()),
      parameters: fuse('parameters', store.parameterSource()),
      board: fuse('board', store.board()),
      metrics: fuse('metrics', this.metrics),
      supervisor: fuse('supervisor', this.supervisor),
      proxy: fuse('proxy', this.proxy),
      probe: fuse('probe', new FakeProbe(this.supervisor)),
      blobs: fuse('blobs', this.blobs),
      stateFile: fuse('state', this.stateFile),
      revisionsFile: fuse('revisions', this.revisionsFile),
      serviceManager: { ready: () => tell('ready'), alive: tell },
      clock,
      log,
    };
  }

  /** Calls of a dead agent have no effect, and never return. */
  #fused<T extends object>(name: string, port: T, dead: { readonly value: boolean }): T {
    const call = (method: (...args: unknown[]) => unknown, key: PropertyKey, args: unknown[]): unknown => {
      if (key === 'path') return Reflect.apply(method, port, args);
      if (dead.value) return new Promise(() => undefined);
      if (name === 'board' || !effects.has(String(key))) return Reflect.apply(method, port, args);
      return this.#effect(`${name}.${String(key)}`, () => Reflect.apply(method, port, args));
    };
    return new Proxy(port, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        return isMethod(value) ? (...args: unknown[]) => call(value, key, args) : value;
      },
    });
  }

  async #effect(name: string, action: () => unknown): Promise<unknown> {
    this.effects.push(name);
    const isLast = this.killAt?.effect === this.effects.length;
    if (isLast && this.killAt?.when === 'before') return await this.#die();
    const result = await action();
    return isLast ? await this.#die() : result;
  }

  async #die(): Promise<never> {
    this.killAt = null;
    this.kill();
    return await new Promise<never>(() => undefined);
  }
}

function isMethod(value: unknown): value is (...args: unknown[]) => unknown {
  return typeof value === 'function';
}
