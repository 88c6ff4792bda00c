// `*.test.ts` are fast and need nothing but npm packages. `*.real.ts` need HAProxy, an emulator or real processes of seconds:
// `npm run test:real`.
const real = process.env['SLIPWAY_TEST'] === 'real';

module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: [real ? '**/*.real.ts' : '**/*.test.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  // Jest leaves a core free, which on two cores is half of them; what starts machines and measures them goes one by one.
  maxWorkers: real ? 1 : '100%',
  testTimeout: real ? 120_000 : 20_000,
  coverageProvider: 'v8',
  // The words and the judgement: `npm run coverage` fails when a branch of them is not taken.
  collectCoverageFrom: ['lib/contract/**/*.ts', 'lib/agent/{plan,goal,step,rollout}.ts'],
  coverageThreshold: { global: { branches: 100 } },
  snapshotFormat: { printBasicPrototype: false },
};
