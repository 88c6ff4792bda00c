#!/usr/bin/env node
// Loads the TypeScript entry point, from any working directory, on a Node.js that cannot read TypeScript itself.
const { join } = require('node:path');
// Where ts-node keeps compiled code; its own choice would be the system's folder for temporary files.
process.env.V8_COMPILE_CACHE_CACHE_DIR ??= join(__dirname, '..', '.slipway', 'cache', 'compiled');
require('ts-node').register({ cwd: join(__dirname, '..'), projectSearchDir: join(__dirname, '..') });
require('./slipway.ts');
