#!/usr/bin/env node
// Loads the TypeScript entry point, from any working directory, on a Node.js that cannot read TypeScript itself.
const { join } = require('node:path');
require('ts-node').register({ cwd: join(__dirname, '..'), projectSearchDir: join(__dirname, '..') });
require('./slipway.ts');
