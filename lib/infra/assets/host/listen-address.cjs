// Prints where the proxy listens, in the form of systemd.socket(5): `0.0.0.0:8080`, `[::]:8080`.
const { readFileSync } = require('node:fs');

const { address, port } = JSON.parse(readFileSync(process.argv[2], 'utf8')).listen;
console.log(`${address.includes(':') ? `[${address}]` : address}:${port}`);
