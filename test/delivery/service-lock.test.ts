import { parseServiceLock } from '../../lib/delivery/service-lock.ts';

const good = { version: '1.0.0', integrity: 'sha512-x', resolved: 'https://registry.example/a/-/a-1.0.0.tgz' };
const parse = (packages: object, lockfileVersion = 3) =>
  parseServiceLock(JSON.stringify({ lockfileVersion, packages }), 'service/package-lock.json');

test('packages of a registry, links inside the service and bundled packages are taken', () => {
  const packages = {
    '': { dependencies: { a: '^1.0.0', b: 'npm:c@1', d: 'file:packages/d' } },
    'node_modules/a': { ...good, hasInstallScript: true },
    'node_modules/b': { ...good, integrity: 'sha512-y', resolved: undefined },
    'node_modules/d': { resolved: 'packages/d', link: true },
    'packages/d': { version: '1.0.0' },
    'node_modules/a/node_modules/e': { version: '1.0.0', inBundle: true },
  };
  expect(parse(packages)).toEqual({ withInstallScript: ['a'] });
});

test.each([
  ['W14: a Git dependency', { 'node_modules/x': { resolved: 'git+ssh://git@example.com/x.git#abc' } }],
  ['W14: a dependency without integrity', { 'node_modules/x': { resolved: good.resolved } }],
  ['W14: a web address', { '': { dependencies: { x: 'https://example.com/x.tgz' } }, 'node_modules/x': good }],
  ['W14: a GitHub shorthand', { '': { dependencies: { x: 'owner/x#main' } }, 'node_modules/x': good }],
  ['W14: a Git address of a dependency', { 'node_modules/y': { ...good, dependencies: { x: 'github:owner/x' } } }],
  ['a link out of the service', { 'node_modules/x': { link: true, resolved: '../x' } }],
])('%s is refused and named', (_what, packages) => {
  expect(() => parse(packages)).toThrow(expect.objectContaining({ code: 'lock-refused' }));
  expect(() => parse(packages)).toThrow(/: (?:\.\.\/)?x;/);
});

test.each([
  ['of version 1', () => parse({}, 1)],
  ['that is not JSON', () => parseServiceLock('', 'service/package-lock.json')],
])('a lock file %s is refused with how to write it again', (_what, act) => {
  expect(act).toThrow(expect.objectContaining({ code: 'lock-refused' }));
  expect(act).toThrow('npm install --package-lock-only');
});
