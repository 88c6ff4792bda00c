// `*.test.ts` are fast and need nothing but npm packages. `*.real.ts` need HAProxy, an emulator or real processes of seconds:
// `npm run test:real`. `*.vm.ts` need root and machines with a systemd of their own: `npm run test:vm`.
const kind = process.env['SLIPWAY_TEST'] ?? 'test';
const isFast = kind === 'test';
const timeouts = { test: 20_000, real: 120_000, vm: 600_000 };

module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: [`**/*.${kind}.ts`],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  // Jest leaves a core free, which on two cores is half of them; what starts machines and measures them goes one by one.
  maxWorkers: isFast ? '100%' : 1,
  testTimeout: timeouts[kind],
  coverageProvider: 'v8',
  // The words and the judgement: `npm run coverage` fails when a branch of them is not taken.
  collectCoverageFrom: ['lib/contract/**/*.ts', 'lib/agent/{plan,goal,step,rollout}.ts'],
  coverageThreshold: { global: { branches: 100 } },
  snapshotFormat: { printBasicPrototype: false },
};
