import { execFileSync } from 'node:child_process';
import { environments } from '../../environments/index.ts';
import type { Pins } from '../../lib/contract/desired-state.ts';
import { parseAgentSettings } from '../../lib/contract/agent-settings.ts';
import { looksLikeSecret } from '../../lib/contract/secret-likeness.ts';
import { userDataScript } from '../../lib/infra/user-data.ts';
import { bundleSha256, devWith, recordOf, resourcesOf, runtime } from './support.ts';

const script = (environment = environments.dev, pinned: Pins | null = null) =>
  userDataScript({
    service: 'hello',
    environment,
    bundleSha256,
    runtime,
    roleId: 'AROAEXAMPLE',
    logGroupName: 'hello-dev-hosts',
    pinned,
    toJson: JSON.stringify,
  });

/** As a host, and the rehearsal, reads it out. */
const settingsIn = (text: string) => /<<'SLIPWAY_SETTINGS'\n(.*)\nSLIPWAY_SETTINGS\n/.exec(text)?.[1] ?? '';

describe('the first boot of a host', () => {
  test('carries settings that the agent can parse', () => {
    expect(parseAgentSettings(settingsIn(script()))).toEqual({
      schema: 1,
      service: 'hello',
      environment: 'dev',
      region: 'eu-central-1',
      bucket: 'slipway-hello-dev-111122223333',
      host: 'AROAEXAMPLE:INSTANCE_ID',
      stateDirectory: '/var/lib/slipway',
      runDirectory: '/run/slipway',
      listen: { address: '0.0.0.0', port: 8080 },
      slots: { address: '127.0.0.1', blue: 3001, green: 3002 },
      proxy: 'haproxy',
      supervisor: 'systemd',
      drainSeconds: 30,
      pinned: null,
    });
  });

  test('names agent and runtime by digest, the runtime that of the hosts’ processor', () => {
    const { dev } = environments;
    const x64 = script({ ...dev, hosts: { ...dev.hosts, architecture: 'x64' } });
    expect(script()).toContain(`bundle_sha256='${bundleSha256}'`);
    expect(script()).toContain(`runtime_sha256='${'2'.repeat(64)}'`);
    expect(x64).toContain(`runtime_sha256='${'1'.repeat(64)}'`);
  });

  test('leaves no placeholder', () => {
    expect(script()).not.toMatch(/@[A-Z0-9_]+@/);
  });

  test('T12: is below 16 KB, as base64 too', () => {
    for (const environment of Object.values(environments)) {
      expect(Buffer.from(script(environment)).toString('base64').length).toBeLessThan(16 * 1024);
    }
  });

  test('T12: holds nothing that is a secret, by its look', () => {
    const digests = /\b[0-9a-f]{64}\b/g;
    const words = script()
      .replaceAll(digests, '')
      .split(/[\s"'=;,()<>{}]+/);
    expect(words.filter((word) => looksLikeSecret(word))).toEqual([]);
    expect(looksLikeSecret('AKIAIOSFODNN7EXAMPLE')).toBe(true);
  });

  test('T12: gives curl its credentials on standard input, never on a command line', () => {
    const commands = script()
      .replaceAll('\\\n', ' ')
      .split('\n')
      .filter((line) => /\bcurl\b/.test(line) && !line.trimStart().startsWith('#'));
    expect(commands).toHaveLength(1);
    expect(commands[0]).toContain('--config -');
    expect(commands[0]).not.toMatch(/--user|--header|-H |-u |credential|token/);
  });

  test('is a script that a shell can read', () => {
    expect(execFileSync('bash', ['-n'], { input: script(), encoding: 'utf8' })).toBe('');
  });

  test('reaches the launch template with the id of the role', () => {
    const template = resourcesOf(devWith()).find(({ type }) => type === 'AWS::EC2::LaunchTemplate');
    const { UserData } = recordOf(template?.properties['LaunchTemplateData']);
    expect(JSON.stringify(UserData)).toMatch(
      /\\"host\\":\\"",\{"Fn::GetAtt":\["HostRole\w+","RoleId"\]\},":INSTANCE_ID\\"/,
    );
  });
});
