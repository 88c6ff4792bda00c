/** A client of WebSockets: as much of RFC 6455 as a text and its echo need. */
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Duplex } from 'node:stream';

export interface WebSocketEnd {
  /** The server said goodbye; else the connection was cut. */
  readonly isOrderly: boolean;
}

export interface WebSocketClient {
  /** Resolves with the next text of the server. Rejects when the connection ends before. */
  echo(text: string): Promise<string>;
  readonly ended: Promise<WebSocketEnd>;
  close(): void;
}

const openTimeoutMs = 30_000;
const textOpcode = 1;
const closeOpcode = 8;

/** Rejects with why it could not be opened. */
export function openWebSocket(port: number, path = '/socket'): Promise<WebSocketClient> {
  return new Promise((resolve, reject) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
    };
    const call = request({ host: '127.0.0.1', port, path, headers, agent: false, timeout: openTimeoutMs });
    call.once('timeout', () => call.destroy(new Error('no answer to the upgrade')));
    call.once('error', reject);
    call.once('response', ({ statusCode }) => reject(new Error(`the upgrade was answered ${statusCode}`)));
    call.once('upgrade', (_, socket, head) => {
      call.setTimeout(0);
      resolve(speak(socket, head));
    });
    call.end();
  });
}

function speak(socket: Duplex, head: Buffer): WebSocketClient {
  let bytes = head;
  let isOrderly = false;
  const texts: ((text: string) => void)[] = [];
  const read = (): void => {
    for (let found = takeFrame(bytes); found !== null; found = takeFrame(bytes)) {
      bytes = found.rest;
      if (found.opcode === textOpcode) texts.shift()?.(found.payload.toString());
      if (found.opcode !== closeOpcode) continue;
      isOrderly = true;
      socket.end();
    }
  };
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    read();
  });
  const ended = new Promise<WebSocketEnd>((resolve) => socket.once('close', () => resolve({ isOrderly })));
  read();
  return {
    ended,
    async echo(text) {
      const answer = new Promise<string>((resolve) => texts.push(resolve));
      socket.write(maskedText(text));
      return Promise.race([answer, ended.then(() => Promise.reject(new Error('it ended before the echo')))]);
    },
    close: () => socket.destroy(),
  };
}

/** Of less than 126 bytes. */
function maskedText(text: string): Buffer {
  const payload = Buffer.from(text);
  const mask = randomBytes(4);
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x80 | textOpcode, 0x80 | payload.length]), mask, masked]);
}

/** The first whole frame of less than 126 bytes, and what follows it. */
function takeFrame(bytes: Buffer): { readonly opcode: number; readonly payload: Buffer; readonly rest: Buffer } | null {
  const [first, length] = bytes;
  if (first === undefined || length === undefined || bytes.length < 2 + length) return null;
  return { opcode: first & 0x0f, payload: bytes.subarray(2, 2 + length), rest: bytes.subarray(2 + length) };
}
