/** Passes an upgraded connection, such as a WebSocket, to a slot; it stays there until one side ends it. */
import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AgentSettings } from '../../contract/agent-settings.ts';
import { errorCode } from './error-facts.ts';
import { endToEnd, type HeaderPairs, pairsOf, toHeaderRecord, withForwarded } from './hop-headers.ts';
import type { RouteTable } from './route-table.ts';
import type { SlotSessions } from './slot-sessions.ts';

const answerTimeoutMs = 75_000;

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the client sent right after its request. */
  readonly head: Buffer;
}

export interface UpgradeTarget {
  readonly table: RouteTable;
  readonly upstreams: AgentSettings['slots'];
  readonly sessions: SlotSessions;
}

export async function forwardUpgrade({ table, upstreams, sessions }: UpgradeTarget, upgrade: Upgrade): Promise<void> {
  const { socket } = upgrade;
  socket.on('error', () => socket.destroy());
  for (const slot of table.candidates()) {
    const end = sessions.begin(slot);
    const outcome = await tryUpgrade(upgrade, upstreams.address, upstreams[slot]);
    if (outcome === 'done' && !socket.closed) {
      socket.once('close', end);
      return;
    }
    end();
    if (outcome === 'done') return;
    if (outcome === 'lost') break;
    table.reportUnreachable(slot);
  }
  socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
}

function tryUpgrade(upgrade: Upgrade, host: string, port: number): Promise<'done' | 'unreachable' | 'lost'> {
  const { request: incoming, socket, head } = upgrade;
  return new Promise((resolve) => {
    const call = request({
      host,
      port,
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '/',
      headers: upgradeHeaders(incoming),
      agent: false,
    });
    const clientGone = () => call.destroy();
    socket.once('close', clientGone);
    call.setTimeout(answerTimeoutMs, () => call.destroy());
    call.once('upgrade', (response, upstream, upstreamHead) => {
      call.setTimeout(0);
      socket.write(`${headText(response, pairsOf(response.rawHeaders))}\r\n`);
      if (upstreamHead.length > 0) socket.write(upstreamHead);
      if (head.length > 0) upstream.write(head);
      join(socket, upstream);
      resolve('done');
    });
    call.once('response', (response) => {
      // The service does not upgrade; its ordinary answer goes back, and the connection ends with it.
      const pairs = endToEnd(response.rawHeaders);
      socket.write(`${headText(response, pairs)}Connection: close\r\n\r\n`);
      response.once('error', () => socket.destroy());
      response.pipe(socket);
      resolve('done');
    });
    call.once('error', (error) => {
      socket.off('close', clientGone);
      resolve(errorCode(error) === 'ECONNREFUSED' ? 'unreachable' : 'lost');
    });
    call.end();
  });
}

function upgradeHeaders(incoming: IncomingMessage): Record<string, string | string[]> {
  const upgradeOnly = incoming.headers.upgrade === undefined ? [] : [['Upgrade', incoming.headers.upgrade] as const];
  const pairs = withForwarded(endToEnd(incoming.rawHeaders), incoming.socket.remoteAddress ?? 'unknown');
  return toHeaderRecord([...pairs, ['Connection', 'Upgrade'], ...upgradeOnly]);
}

function headText({ statusCode = 502, statusMessage = '' }: IncomingMessage, pairs: HeaderPairs): string {
  const lines = pairs.map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${statusCode} ${statusMessage}\r\n${lines.join('')}`;
}

/** What one side sends the other gets; where one ends, so does the other. */
function join(client: Duplex, upstream: Duplex): void {
  client.pipe(upstream);
  upstream.pipe(client);
  upstream.on('error', () => upstream.destroy());
  client.once('close', () => upstream.destroy());
  upstream.once('close', () => client.destroy());
}
