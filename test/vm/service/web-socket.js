// As much of RFC 6455 as an echo needs: text frames of less than 64 KiB, and the closing frame.
const { createHash } = require('node:crypto');

const text = 1;
const close = 8;

function accept(request, socket) {
  const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${key.digest('base64')}\r\n\r\n`,
  );
}

function frame(opcode, payload) {
  const head = payload.length < 126 ? Buffer.from([0x80 | opcode, payload.length]) : Buffer.alloc(4);
  if (payload.length >= 126) {
    head[0] = 0x80 | opcode;
    head[1] = 126;
    head.writeUInt16BE(payload.length, 2);
  }
  return Buffer.concat([head, payload]);
}

/** The first whole frame of a client, and what follows it; null: not yet. */
function take(bytes) {
  if (bytes.length < 2) return null;
  const short = bytes[1] & 0x7f;
  const offset = short === 126 ? 4 : 2;
  if (bytes.length < offset + 4) return null;
  const length = short === 126 ? bytes.readUInt16BE(2) : short;
  const end = offset + 4 + length;
  if (bytes.length < end) return null;
  const mask = bytes.subarray(offset, offset + 4);
  const payload = Buffer.from(bytes.subarray(offset + 4, end).map((byte, i) => byte ^ mask[i % 4]));
  return { opcode: bytes[0] & 0x0f, payload, rest: bytes.subarray(end) };
}

/** Sends back every text; returns what says goodbye. */
function echo(request, socket) {
  accept(request, socket);
  let bytes = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (let found = take(bytes); found !== null; found = take(bytes)) {
      bytes = found.rest;
      if (found.opcode === text) socket.write(frame(text, found.payload));
      else if (found.opcode === close) socket.end(frame(close, found.payload));
    }
  });
  // 1001: the server goes away.
  return () => socket.end(frame(close, Buffer.from([0x03, 0xe9])));
}

module.exports = { echo };
