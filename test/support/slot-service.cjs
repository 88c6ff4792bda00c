// A service for tests, as a release would carry it: what it does is in its path and its environment.
const { createServer } = require('node:http');

const { PORT, HOST, SLIPWAY_SLOT, NAME = SLIPWAY_SLOT, KEEP_ALIVE_MS = '5000', IGNORE_SIGTERM, SAY } = process.env;
if (SAY) console.log(SAY);

function read(request) {
  return new Promise((resolve) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks)));
  });
}

/** Requests that were taken and not answered. */
let broken = 0;

const paths = {
  '/health': (url, request, response) => response.end('ok'),
  '/environment': (url, request, response) => response.end(JSON.stringify(process.env)),
  '/headers': (url, request, response) => response.end(JSON.stringify(request.headers)),
  '/slow': (url, request, response) => setTimeout(() => response.end(NAME), Number(url.searchParams.get('ms'))),
  '/broken': (url, request) => {
    broken += 1;
    request.socket.destroy();
  },
  '/events': (url, request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const timer = setInterval(() => response.write('data: event\n\n'), 50);
    response.once('close', () => clearInterval(timer));
  },
  '/count': (url, request, response) => response.end(String(broken)),
  '/half': (url, request, response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('half');
    setTimeout(() => request.socket.destroy(), 50);
  },
  '/echo': async (url, request, response) => response.end(await read(request)),
  '/length': async (url, request, response) => response.end(String((await read(request)).length)),
  '/': (url, request, response) => response.end(NAME),
};

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://service');
  const answer = paths[url.pathname];
  if (answer) void answer(url, request, response);
  else response.writeHead(404).end('not found');
});
server.keepAliveTimeout = Number(KEEP_ALIVE_MS);
server.on('upgrade', (request, socket) => {
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Slot: ${NAME}\r\n\r\n`);
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
});
server.listen(Number(PORT), HOST);

process.on('SIGTERM', () => {
  if (IGNORE_SIGTERM) return;
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
