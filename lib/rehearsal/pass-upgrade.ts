/** Passes an upgraded connection, such as a WebSocket, to a host; where one side ends, so does the other. */
import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';

export interface PassedUpgrade {
  readonly incoming: IncomingMessage;
  readonly socket: Duplex;
  /** What the client sent right after its request. */
  readonly head: Buffer;
  readonly address: string;
  readonly port: number;
}

const answerTimeoutMs = 60_000;

export function passUpgrade({ incoming, socket, head, address, port }: PassedUpgrade): void {
  const { method, url: path, headers } = incoming;
  const call = request({ host: address, port, method, path, headers, agent: false });
  call.setTimeout(answerTimeoutMs, () => call.destroy());
  socket.once('close', () => call.destroy());
  call.once('upgrade', (answer, upstream, rest) => {
    call.setTimeout(0);
    socket.write(headOf(answer));
    if (rest.length > 0) socket.write(rest);
    if (head.length > 0) upstream.write(head);
    upstream.on('error', () => upstream.destroy());
    upstream.once('close', () => socket.destroy());
    socket.once('close', () => upstream.destroy());
    upstream.pipe(socket).pipe(upstream);
  });
  call.once('response', (answer) => {
    // The service does not upgrade; its ordinary answer goes back, and the connection ends with it.
    socket.write(headOf(answer));
    answer.once('error', () => socket.destroy());
    answer.pipe(socket);
  });
  call.once('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'));
  call.end();
}

function headOf({ statusCode = 502, statusMessage = '', rawHeaders }: IncomingMessage): string {
  const lines = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${rawHeaders[i + 1] ?? ''}\r\n`] : []));
  return `HTTP/1.1 ${statusCode} ${statusMessage}\r\n${lines.join('')}\r\n`;
}
