import { parseServicePackage, startFile } from '../../lib/delivery/service-package.ts';

const parse = (json: unknown) => parseServicePackage(JSON.stringify(json), 'service/package.json');
const defaults = {
  health: { path: '/health', intervalMs: 200, timeoutMs: 2_000, passes: 3, deadlineMs: 60_000 },
  stop: { timeoutMs: 10_000 },
};

test('without a declaration, a plain start script and the defaults are taken', () => {
  expect(parse({ scripts: { start: 'node dist/server.js' } })).toEqual({
    ...defaults,
    start: ['node', 'dist/server.js'],
    hasBuild: false,
    hasDependencies: false,
    hasProductionDependencies: false,
  });
});

test('the declaration goes before the start script, and fills only what it says', () => {
  const found = parse({
    scripts: { start: 'node other.js' },
    slipway: { start: ['node', '--enable-source-maps', 'a.js'], health: { path: '/ok' }, stop: { timeoutMs: 0 } },
  });
  expect(found).toMatchObject({
    start: ['node', '--enable-source-maps', 'a.js'],
    health: { ...defaults.health, path: '/ok' },
    stop: { timeoutMs: 0 },
  });
});

test.each([
  ['NODE_ENV=production node server.js', 'an assignment'],
  ['node a.js && node b.js', 'an operator'],
  ['node "a b.js"', 'quotes'],
  ['node $FILE', 'a variable'],
  ['node server.js | pino-pretty', 'a pipe'],
  ['tsx server.ts', 'another program'],
  ['node', 'no file'],
  ['node --version', 'options only'],
])('a start script with %s is refused, for it needs a shell: %s', (start) => {
  expect(() => parse({ scripts: { start } })).toThrow(expect.objectContaining({ code: 'no-start' }));
});

test('a start script that needs a shell gives way to main', () => {
  expect(parse({ main: './index.js', scripts: { start: 'npm run x' } }).start).toEqual(['node', './index.js']);
});

test('a package that says nothing of what to run is refused with what to add', () => {
  expect(() => parse({})).toThrow(expect.objectContaining({ code: 'no-start' }));
  expect(() => parse({})).toThrow('"slipway": {"start": ["node", "dist/server.js"]}');
});

test.each([
  [{ health: { path: 'health' } }, 'slipway.health.path'],
  [{ health: { passes: 0 } }, 'slipway.health.passes'],
  [{ health: { interval: 5 } }, 'slipway.health.interval'],
  [{ health: false }, 'slipway.health'],
  [{ stop: { timeoutMs: -1 } }, 'slipway.stop.timeoutMs'],
  [{ start: 'node a.js' }, 'slipway.start'],
  [{ start: ['npm', 'start'] }, 'slipway.start'],
])('an invalid declaration is refused with the name of its field: %j', (slipway, field) => {
  expect(() => parse({ main: 'a.js', slipway })).toThrow(expect.objectContaining({ code: 'invalid-package-json' }));
  expect(() => parse({ main: 'a.js', slipway })).toThrow(`${field}: `);
});

test('what is not JSON is refused', () => {
  expect(() => parseServicePackage('{', 'service/package.json')).toThrow(
    expect.objectContaining({ code: 'invalid-package-json' }),
  );
});

test('build and dependencies are seen', () => {
  const found = parse({ main: 'a.js', scripts: { build: 'tsc' }, devDependencies: { typescript: '6' } });
  expect(found).toMatchObject({ hasBuild: true, hasDependencies: true, hasProductionDependencies: false });
  expect(parse({ main: 'a.js', optionalDependencies: { x: '1' } }).hasProductionDependencies).toBe(true);
});

test.each([
  [['node', 'a.js'], 'a.js'],
  [['node', '--import', './trace.js', '-r', 'x', 'a.js', '--flag'], 'a.js'],
  [['node', '--max-old-space-size=400', 'a.js'], 'a.js'],
  [['node', '--require'], undefined],
])('the file of %j is %s', (start, file) => {
  expect(startFile(start)).toBe(file);
});
