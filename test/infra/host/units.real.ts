import { execFile } from 'node:child_process';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const run = promisify(execFile);
const assets = join(__dirname, '../../../lib/infra/assets');
const host = join(assets, 'host');

/** From 0 to 10; `change` is what a mutation does to the unit. */
async function exposureOf(unit: string, change = (text: string) => text): Promise<number> {
  const folder = await temporaryFolder();
  try {
    const file = join(folder.path, unit);
    await writeFile(file, change(await readFile(join(host, unit), 'utf8')));
    const { stdout } = await run('systemd-analyze', ['security', '--offline=true', '--no-pager', file]);
    return Number(/Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
  } finally {
    await folder.remove();
  }
}
const without = (directive: string) => (text: string) => text.replaceAll(new RegExp(`^${directive}=.*\n`, 'gm'), '');

/** Directives that systemd does not know; a mutation is appended to one unit. */
async function complaints(mutation = ''): Promise<readonly string[]> {
  const names = (await readdir(host)).filter((name) => /\.(service|socket)$/.test(name));
  expect(names).toHaveLength(7);
  const folder = await temporaryFolder();
  try {
    for (const name of names) {
      const text = await readFile(join(host, name), 'utf8');
      await writeFile(join(folder.path, name.replace('@', '@blue')), text + mutation);
    }
    const units = (await readdir(folder.path)).map((name) => join(folder.path, name));
    // Programs that only a host has are missing here; a booted machine checks with them.
    const { stderr } = await run('systemd-analyze', ['verify', '--man=no', ...units]).catch(
      (failure: { readonly stderr: string }) => failure,
    );
    return stderr.split('\n').filter((line) => /Unknown|Failed to parse|Invalid|unsupported/i.test(line));
  } finally {
    await folder.remove();
  }
}

describe('V1: the exposure of a unit, by systemd-analyze security', () => {
  test.each([
    ['slipway-app@.service', 1.5],
    ['slipway-agent.service', 2.5],
    ['slipway-proxy.service', 2.5],
  ])('of %s is at most %d', async (unit, limit) => {
    expect(await exposureOf(unit)).toBeLessThanOrEqual(limit);
  });

  test.each(['CapabilityBoundingSet', 'RestrictAddressFamilies', 'SystemCallFilter'])(
    'of the service is above its limit without %s',
    async (directive) => {
      expect(await exposureOf('slipway-app@.service', without(directive))).toBeGreaterThan(1.5);
    },
  );
});

test('V3: no unit that runs Node.js denies memory that is written and executed', async () => {
  for (const unit of ['slipway-app@.service', 'slipway-agent.service']) {
    expect(await readFile(join(host, unit), 'utf8')).not.toMatch(/^MemoryDenyWriteExecute=/m);
  }
});

describe('V2: what runs on a host', () => {
  test('scripts pass shellcheck', async () => {
    const names = (await readdir(assets, { recursive: true })).filter((name) => name.endsWith('.sh'));
    expect(names.length).toBeGreaterThan(3);
    const files = names.map((name) => join(assets, name));
    await expect(run('shellcheck', files)).resolves.toMatchObject({ stdout: '' });
  });

  test('shellcheck would see a fault in one of them', async () => {
    const folder = await temporaryFolder();
    await cp(join(host, 'install.sh'), join(folder.path, 'install.sh'));
    await writeFile(join(folder.path, 'install.sh'), '\nrm -rf $1/lib\n', { flag: 'a' });
    await expect(run('shellcheck', [join(folder.path, 'install.sh')])).rejects.toMatchObject({ code: 1 });
    await folder.remove();
  });

  test('units have no directive that systemd does not know', async () => {
    expect(await complaints()).toEqual([]);
    expect(await complaints('\n[Service]\nMemoryMaximum=1G\n')).not.toEqual([]);
  });
});
