// The CDK app as the command line runs it: without type check, and with the rules of CloudFormation, which are WebAssembly that
// runs for seconds only, compiled once and quickly. V8 ignores the flag where it no longer knows it.
const { setFlagsFromString } = require('node:v8');
setFlagsFromString('--liftoff-only');
process.env.V8_COMPILE_CACHE_CACHE_DIR ??= require('node:path').join(__dirname, '..', '.slipway', 'cache', 'compiled');
require('ts-node/register');
require('./infra.ts');
