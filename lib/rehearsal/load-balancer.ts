/** Stands in front of the hosts as an Application Load Balancer would: health checks, round robin, kept connections, draining; it repeats no request. */
import { Agent, createServer, get, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { passUpgrade } from './pass-upgrade.ts';
import { RehearsalError } from './rehearsal-error.ts';

export interface Target {
  readonly id: string;
  readonly address: string;
  readonly port: number;
}

/** As the target group says. */
export interface HealthCheck {
  readonly path: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
}

export interface LoadBalancer {
  readonly port: number;
  readonly url: string;
  /** Who is registered from now on. Who is not any more gets no new request. */
  register(targets: readonly Target[], check: HealthCheck): void;
  /** Resolves when the host has answered what it was asked and its long-lived connections have ended; after the time the rest is cut. */
  drain(id: string, timeoutMs: number): Promise<void>;
  healthy(): readonly string[];
  close(): Promise<void>;
}

/** As an ALB closes connections that nobody uses: before the host does, so that it never meets a closed one. */
const idleMs = 60_000;
/** A new target's first check passes or is repeated after that, so that a host which is ready waits for nobody. */
const firstChecksMs = 500;

interface Member {
  readonly target: Target;
  readonly agent: Agent;
  state: 'initial' | 'healthy' | 'unhealthy' | 'draining';
  /** Checks in a row with the same result. */
  streak: number;
  /** Requests in flight and upgraded connections. */
  open: number;
  readonly upgraded: Set<Duplex>;
  timer: NodeJS.Timeout | null;
}

/** On 127.0.0.1; null: a free port. Throws `RehearsalError`. */
export async function openLoadBalancer(port: number | null): Promise<LoadBalancer> {
  const members = new Map<string, Member>();
  let turn = 0;
  const next = (): Member | undefined => {
    const ready = [...members.values()].filter(({ state }) => state === 'healthy');
    turn += 1;
    return ready[turn % Math.max(1, ready.length)];
  };
  const server = createServer({ noDelay: true }, (incoming, response) => pass(incoming, response, next()));
  server.on('upgrade', (incoming, socket, head) => upgrade({ incoming, socket, head }, next()));
  // Nothing between two requests of a client may take longer than this run.
  server.keepAliveTimeout = 600_000;
  server.requestTimeout = 0;
  const listening = await listen(server, port);
  return {
    port: listening,
    url: `http://127.0.0.1:${listening}`,
    register: (targets, check) => register(members, targets, check),
    drain: (id, timeoutMs) => drain(members, id, timeoutMs),
    healthy: () => [...members.values()].filter(({ state }) => state === 'healthy').map(({ target }) => target.id),
    async close() {
      for (const member of members.values()) leave(member);
      members.clear();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function register(members: Map<string, Member>, targets: readonly Target[], check: HealthCheck): void {
  for (const target of targets) {
    if (members.has(target.id)) continue;
    const agent = new Agent({ keepAlive: true, timeout: idleMs, scheduling: 'fifo' });
    const begin = { state: 'initial', streak: 0, open: 0, timer: null } as const;
    const member: Member = { target, agent, upgraded: new Set(), ...begin };
    members.set(target.id, member);
    watch(member, check);
  }
  const ids = new Set(targets.map(({ id }) => id));
  for (const member of members.values()) if (!ids.has(member.target.id)) member.state = 'draining';
}

async function drain(members: Map<string, Member>, id: string, timeoutMs: number): Promise<void> {
  const member = members.get(id);
  if (!member) return;
  member.state = 'draining';
  const deadline = performance.now() + timeoutMs;
  while (member.open > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  leave(member);
  members.delete(id);
}

function leave(member: Member): void {
  if (member.timer) clearTimeout(member.timer);
  member.state = 'draining';
  member.agent.destroy();
  for (const socket of member.upgraded) socket.destroy();
}

/** Checks for as long as the target is registered. */
function watch(member: Member, check: HealthCheck): void {
  const again = (passed: boolean): void => {
    if (member.state === 'draining') return;
    judge(member, passed, check);
    const pause = member.state === 'initial' ? Math.min(firstChecksMs, check.intervalMs) : check.intervalMs;
    member.timer = setTimeout(() => watch(member, check), pause);
  };
  const { address, port } = member.target;
  const probe = get({ host: address, port, path: check.path, agent: false, timeout: check.timeoutMs }, (response) => {
    response.resume();
    response.once('close', () => again(response.statusCode === 200));
  });
  probe.once('timeout', () => probe.destroy(new Error('timeout')));
  probe.once('error', () => again(false));
}

/** A new target takes traffic after one check that passed; from then on the thresholds count. */
function judge(member: Member, passed: boolean, check: HealthCheck): void {
  if (member.state === 'initial') {
    if (passed) member.state = 'healthy';
    return;
  }
  const isAsBefore = passed === (member.state === 'healthy');
  member.streak = isAsBefore ? 0 : member.streak + 1;
  const threshold = passed ? check.healthyThreshold : check.unhealthyThreshold;
  if (member.streak < threshold) return;
  member.state = passed ? 'healthy' : 'unhealthy';
  member.streak = 0;
}

function pass(incoming: IncomingMessage, response: ServerResponse, member: Member | undefined): void {
  if (!member) return refuse(response, 503, 'no healthy host');
  const { target, agent } = member;
  member.open += 1;
  response.once('close', () => (member.open -= 1));
  const upstream = request({
    host: target.address,
    port: target.port,
    method: incoming.method,
    path: incoming.url,
    agent,
    headers: { ...forwarded(incoming.headers), 'x-forwarded-for': incoming.socket.remoteAddress ?? '' },
  });
  upstream.once('response', (answer) => {
    // A stream of events may say nothing for a while after its head.
    response.writeHead(answer.statusCode ?? 502, forwarded(answer.headers)).flushHeaders();
    answer.once('error', () => response.destroy());
    answer.pipe(response);
  });
  upstream.once('timeout', () => upstream.destroy(new Error(`no answer for ${idleMs / 1000} s`)));
  upstream.once('error', (error: NodeJS.ErrnoException) => {
    const kept = upstream.reusedSocket ? 'kept' : 'new';
    refuse(response, 502, `${target.id}: ${error.code ?? error.message} on a ${kept} connection`);
  });
  // Who goes away before the answer leaves nothing running behind.
  response.once('close', () => {
    if (!response.writableFinished) upstream.destroy();
  });
  incoming.pipe(upstream);
}

interface Upgrade {
  readonly incoming: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

function upgrade({ incoming, socket, head }: Upgrade, member: Member | undefined): void {
  socket.on('error', () => socket.destroy());
  if (!member) {
    socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  member.open += 1;
  member.upgraded.add(socket);
  socket.once('close', () => {
    member.open -= 1;
    member.upgraded.delete(socket);
  });
  const { address, port } = member.target;
  passUpgrade({ incoming, socket, head, address, port });
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { 'content-type': 'text/plain' }).end(`load balancer: ${reason}`);
}

/** Without what belongs to one connection only. */
function forwarded<T extends object>({ ...headers }: T & { connection?: unknown; 'keep-alive'?: unknown }): T {
  delete headers.connection;
  delete headers['keep-alive'];
  return headers;
}

function listen(server: Server, port: number | null): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const wrong = cause.code === 'EADDRINUSE' ? 'somebody else listens there' : cause.message;
      const complaint = { tried: `listening on 127.0.0.1:${port}`, wrong, todo: 'choose another port: --port PORT' };
      reject(new RehearsalError('port-in-use', complaint, { cause }));
    });
    server.listen(port ?? 0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
}
