import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface LockEntry {
  readonly link?: boolean;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly inBundle?: boolean;
}

function entries(path: string): readonly (readonly [string, LockEntry])[] {
  const lock: { readonly packages: Readonly<Record<string, LockEntry>> } = JSON.parse(read(path));
  return Object.entries(lock.packages).filter(([name]) => name !== '');
}

describe.each(['package-lock.json', 'service/package-lock.json'])('%s', (path) => {
  test('has the integrity of every package that is fetched', () => {
    const without = entries(path).filter(([, entry]) => !entry.link && !entry.inBundle && !entry.integrity);
    expect(without.map(([name]) => name)).toEqual([]);
  });

  test('names no place to fetch from: the registry is the setting of whoever installs', () => {
    expect(entries(path).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });
});

test.each(['package.json', 'service/package.json'])('%s pins every dependency exactly', (path) => {
  const { dependencies = {}, devDependencies = {} }: Record<string, Record<string, string>> = JSON.parse(read(path));
  const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([, version]) => !/^(?:npm:(?:@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+$/.test(version),
  );
  expect(loose).toEqual([]);
});

test('packages install without running their scripts', () => {
  expect(read('.npmrc')).toContain('ignore-scripts=true');
});
