// A service that tries, in its own unit, what a service needs and what it must not reach. `/works`, `/reach`, and what it was started with.
const { execFileSync, spawn } = require('node:child_process');
const dns = require('node:dns/promises');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const os = require('node:os');

const { PORT, HOST, OTHER_RELEASE, AWS_NAME } = process.env;

/** Memory that is executable and no file: V8 has it only where it may compile. */
function compiles() {
  const hot = (n) => {
    let sum = 0;
    for (let i = 0; i < n; i += 1) sum += i % 7;
    return sum;
  };
  for (let i = 0; i < 2_000; i += 1) hot(10_000);
  return /^\S+ ..xp 00000000 00:00 0 *$/m.test(fs.readFileSync('/proc/self/maps', 'utf8'));
}

async function webAssembly() {
  // (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
  const bytes = '0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b';
  const { instance } = await WebAssembly.instantiate(Buffer.from(bytes, 'hex'));
  return instance.exports.add(40, 2);
}

const get = (client, url, options = {}) =>
  new Promise((resolve, reject) => {
    const request = client.request(url, { timeout: 3_000, ...options }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.once('timeout', () => request.destroy(new Error('timeout')));
    request.once('error', reject).end();
  });

const reach = (options) =>
  new Promise((resolve, reject) => {
    const socket = net.connect(options, () => resolve(socket.destroy()));
    socket.setTimeout(3_000, () => socket.destroy(new Error('timeout')));
    socket.once('error', reject);
  });

/** In a process of its own: becoming somebody else would change this one. */
const alone = (script) => execFileSync(process.execPath, ['-e', script], { stdio: 'pipe' });

const works = {
  jit: compiles,
  webAssembly,
  lookup: async () => (await dns.lookup(AWS_NAME)).address,
  resolve: async () => (await dns.resolve4(AWS_NAME))[0],
  tls: () => get(https, `https://${AWS_NAME}/`),
  loopback: () => get(http, `http://${HOST}:${PORT}/health`),
  processors: () => os.cpus().length > 0 && os.totalmem() > 0,
  interfaces: () => Object.keys(os.networkInterfaces()).includes('lo'),
  worker: () =>
    new Promise((resolve) => new (require('node:worker_threads').Worker)('', { eval: true }).once('exit', resolve)),
  child: () => execFileSync(process.execPath, ['-p', '6 * 7']).toString().trim(),
  state: () =>
    fs.writeFileSync(`${process.env.HOME}/kept`, 'yes') ?? fs.readFileSync(`${process.env.HOME}/kept`, 'utf8'),
  temporary: () => fs.mkdtempSync(`${os.tmpdir()}/one-`).length > 0,
};

const forbidden = {
  'metadata over IPv4': () => get(http, 'http://169.254.169.254/latest/api/token', { method: 'PUT' }),
  "agent's state": () => fs.readFileSync('/var/lib/slipway/state.json'),
  'other release': () => fs.readFileSync(`/var/lib/slipway/blobs/${OTHER_RELEASE}/server.cjs`),
  'settings of the agent': () => fs.readFileSync('/etc/slipway/agent.json'),
  'run folder of the agent': () => fs.readdirSync('/run/slipway'),
  'environment of the other slot': () => fs.readFileSync('/run/slipway/slots/planted.env'),
  'control socket': () => reach({ path: '/run/slipway-control.sock' }),
  'message bus': () => reach({ path: '/run/dbus/system_bus_socket' }),
  'user data': () => fs.readdirSync('/var/lib/cloud'),
  'other processes': () => fs.readFileSync('/proc/1/status'),
  "agent's program": () => fs.readFileSync('/opt/slipway/agent.cjs'),
  'writing to its release': () => fs.writeFileSync(`${process.cwd()}/written`, ''),
  'writing to /etc': () => fs.writeFileSync('/etc/written', ''),
  'writing to /usr': () => fs.writeFileSync('/usr/written', ''),
  'writing to /var/lib': () => fs.writeFileSync('/var/lib/slipway/written', ''),
  'writing to /run': () => fs.writeFileSync('/run/slipway/written', ''),
  'writing to shared memory of others': () => fs.writeFileSync(`/dev/shm/planted/${process.pid}-${Date.now()}`, ''),
  'becoming root': () => alone('process.setuid(0)'),
  'becoming the agent': () => alone('process.setgid("slipway"); process.setuid("slipway")'),
  'signalling the system': () => process.kill(1, 0),
  'a namespace of its own': () => execFileSync('unshare', ['--user', 'true'], { stdio: 'pipe' }),
  'a setuid program': () => {
    fs.copyFileSync('/bin/true', `${process.env.HOME}/setuid`);
    fs.chmodSync(`${process.env.HOME}/setuid`, 0o4755);
  },
};

async function outcomes(attempts) {
  const all = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      all[name] = { reached: (await attempt()) ?? true };
    } catch (error) {
      all[name] = { failed: error.code ?? String(error.message).slice(0, 200) };
    }
  }
  return all;
}

/** Children until it is not given another. */
async function fork() {
  const children = [];
  for (let i = 0; i < 600; i += 1) {
    const failure = await new Promise((resolve) => {
      const child = spawn('sleep', ['60'], { stdio: 'ignore' });
      child.once('spawn', () => resolve(null));
      child.once('error', (error) => resolve(error.code));
      children.push(child);
    });
    if (failure === null) continue;
    children.forEach((child) => child.kill('SIGKILL'));
    return { children: i, failure };
  }
  return { children: children.length, failure: null };
}

function hog() {
  const all = [];
  setInterval(() => all.push(Buffer.alloc(8 * 2 ** 20, 1)), 5);
  return 'eating';
}

const paths = {
  '/health': () => 'ok',
  '/works': () => outcomes(works),
  '/reach': () => outcomes(forbidden),
  '/environment': () => process.env,
  '/arguments': () => process.argv.slice(2),
  '/fork': fork,
  '/hog': hog,
};

http
  .createServer(async (request, response) => response.end(JSON.stringify(await paths[request.url]())))
  .listen(Number(PORT), HOST, () => console.log('listening'));
process.on('SIGTERM', () => process.exit(0));
