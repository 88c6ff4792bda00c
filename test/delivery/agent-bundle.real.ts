import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleAgent } from '../../lib/delivery/agent-bundle.ts';

const root = join(__dirname, '..', '..');

test('A1: the agent bundled in another folder has the same digest, and names no folder of the machine', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bundle-'));
  try {
    for (const part of ['bin', 'lib', 'package.json'])
      cpSync(join(root, part), join(folder, part), { recursive: true });
    // A copy of the packages, as a clone has it, would take seconds.
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const [here, there] = await Promise.all([bundleAgent(root), bundleAgent(folder)]);
    expect(here.contents.includes(root)).toBe(false);
    expect(there.contents.includes(folder)).toBe(false);
    expect(there.sha256).toBe(here.sha256);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an agent that cannot be bundled is told apart', async () => {
  await expect(bundleAgent(tmpdir())).rejects.toMatchObject({ code: 'build-failed' });
});
