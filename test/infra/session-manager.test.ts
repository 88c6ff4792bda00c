import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { environments } from '../../environments/index.ts';
import { sshPath } from './ssh-path.ts';
import { devWith } from './support.ts';

const root = join(__dirname, '..', '..');

/** What people and machines are told: the files, and every file below the folders. */
function texts(...paths: readonly string[]): readonly [string, string][] {
  return paths.flatMap((path) => {
    if (statSync(join(root, path)).isFile()) return [[path, readFileSync(join(root, path), 'utf8')]];
    return readdirSync(join(root, path), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry): [string, string] => {
        const file = join(entry.parentPath, entry.name);
        return [relative(root, file), readFileSync(file, 'utf8')];
      });
  });
}

describe('T10: the way into a host', () => {
  test('is a session whose document the stack names, kept as long as the other logs', () => {
    const { service } = devWith();
    service.hasOutput('SessionDocument', { Value: 'hello-dev-session' });
    service.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: environments.dev.logRetentionDays });
  });

  test.each(texts('docs', 'lib/infra/assets', 'environments', 'README.md'))('is not SSH: %s', (_, text) => {
    expect(text).not.toMatch(sshPath);
  });

  test.each([
    'ssh -i key.pem ec2-user@host',
    'ssh ec2-user@10.0.0.1',
    'scp build.tgz admin@host:',
    'systemctl enable sshd',
    '"KeyName":"ops"',
    '"FromPort":22,"ToPort":22',
    'aws ssm start-session --document-name AWS-StartSSHSession',
  ])('would be found: %s', (text) => {
    expect(text).toMatch(sshPath);
  });
});
