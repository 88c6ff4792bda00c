// Ways to fail. FAULT of the config, or of fault.json beside this file, names one; "crash:3" begins three seconds after the start.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const kinds = ['exit-at-start', 'unhealthy', 'crash', 'hang', 'errors', 'memory', 'ignore-stop'];

function read() {
  const text = process.env.FAULT ?? fromFile();
  if (!text) return { kind: 'none', afterMs: 0 };
  const [kind, seconds = '0'] = text.split(':');
  if (!kinds.includes(kind))
    throw new Error(`FAULT is '${text}': one of ${kinds.join(', ')}, and seconds after a colon`);
  return { kind, afterMs: Number(seconds) * 1000 };
}

function fromFile() {
  try {
    return JSON.parse(readFileSync(join(__dirname, 'fault.json'), 'utf8')).fault;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const begin = {
  crash: () => process.kill(process.pid, 'SIGKILL'),
  hang() {
    for (;;);
  },
  memory() {
    const held = [];
    setInterval(() => held.push(Buffer.alloc(64 * 1024 * 1024, 1)), 20);
  },
};

/** What is wrong with this release from now on. */
function createFault() {
  const { kind, afterMs } = read();
  if (kind === 'exit-at-start') throw new Error('the service does not start: FAULT says so');
  let isOn = afterMs === 0;
  const start = () => {
    isOn = true;
    begin[kind]?.();
  };
  if (kind !== 'none') setTimeout(start, afterMs).unref();
  return { is: (wanted) => isOn && kind === wanted };
}

module.exports = { createFault };
