// The service of the test machines.
const { createServer } = require('node:http');
const { createFault } = require('./faults.js');
const { echo } = require('./web-socket.js');

const { PORT, HOST, SLIPWAY_RELEASE: release = '', SLIPWAY_SLOT: slot = '', GREETING = '' } = process.env;
const fault = createFault();
/** Ends what would go on for ever. */
const longLived = new Set();
let isStopping = false;

const later = (response, ms, body) => setTimeout(() => response.end(body), ms);

const answers = {
  'GET /': (request, response) => response.end('the service of the test machines\n'),
  'GET /health': (request, response) => response.writeHead(fault.is('unhealthy') ? 503 : 200).end(),
  'GET /version': (request, response) =>
    response.end(JSON.stringify({ release, slot, greeting: GREETING, pid: process.pid })),
  'GET /slow': (request, response) => later(response, 1_000, request.headers['x-ask']),
  'GET /ask': (request, response) => response.end(request.headers['x-ask']),
  'POST /echo': (request, response) => request.pipe(response),
  'PUT /echo': (request, response) => request.pipe(response),
  'GET /events': events,
};

function events(request, response) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const write = () => response.write(`data: ${release}\n\n`);
  const timer = setInterval(write, 1_000);
  const end = () => response.end();
  longLived.add(end);
  response.once('close', () => {
    clearInterval(timer);
    longLived.delete(end);
  });
  write();
}

const server = createServer((request, response) => {
  response.setHeader('x-release', release);
  if (isStopping) response.setHeader('connection', 'close');
  const path = request.url.split('?', 1)[0];
  const answer = answers[`${request.method} ${path}`];
  if (fault.is('errors') && path !== '/health') response.writeHead(500).end('broken');
  else if (answer) answer(request, response);
  else response.writeHead(404).end('no such page');
});
// The proxy closes idle connections after 75 s: it must never meet one that we closed first.
server.keepAliveTimeout = 90_000;
server.headersTimeout = 95_000;

server.on('upgrade', (request, socket) => {
  socket.on('error', () => socket.destroy());
  const end = echo(request, socket);
  longLived.add(end);
  socket.once('close', () => longLived.delete(end));
});

process.on('SIGTERM', () => {
  if (fault.is('ignore-stop')) return;
  isStopping = true;
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  for (const end of longLived) end();
});

server.listen(Number(PORT), HOST, () => console.log(`release ${release} listens in slot ${slot}`));
