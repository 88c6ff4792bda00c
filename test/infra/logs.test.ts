import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listOf, recordOf } from './support.ts';

const host = join(__dirname, '..', '..', 'lib', 'infra', 'assets', 'host');

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway-logs-'));
  for (const folder of ['bin', 'etc', 'slipway/host']) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'slipway/host/cloudwatch-agent.json'), readFileSync(join(host, 'cloudwatch-agent.json')));
});
afterEach(() => rmSync(root, { recursive: true }));

const program = (path: string, body: string) => {
  writeFileSync(join(root, path), `#!/bin/bash\n${body}\n`);
  chmodSync(join(root, path), 0o755);
};
const control = 'bin/amazon-cloudwatch-agent-ctl';

/** As on a machine whose root folder is `root`, and whose programs are those that the test put there. */
function ship() {
  const script = readFileSync(join(host, 'logs.sh'), 'utf8')
    .replace('PATH=/usr/sbin:', `PATH=${join(root, 'bin')}:/usr/sbin:`)
    .replace('/opt/slipway/host', join(root, 'slipway/host'))
    .replace('/opt/aws/amazon-cloudwatch-agent/bin', join(root, 'bin'))
    .replaceAll('/etc/slipway', join(root, 'etc'));
  const { status, stderr } = spawnSync('bash', ['-s', 'hello-dev-hosts'], { input: script, encoding: 'utf8' });
  return { status, stderr };
}

const calls = () =>
  existsSync(join(root, 'calls')) ? readFileSync(join(root, 'calls'), 'utf8').trim().split('\n') : [];

describe('shipping the journal of a host', () => {
  test('starts the agent with the log group, one stream per instance, and all units of a host', () => {
    program(control, `echo "$*" >>${root}/calls`);
    program('bin/systemctl', 'exit 3');
    expect(ship()).toEqual({ status: 0, stderr: '' });
    expect(calls()).toEqual([`-a fetch-config -m ec2 -s -c file:${root}/etc/cloudwatch-agent.json.new`]);
    const config: unknown = JSON.parse(readFileSync(join(root, 'etc/cloudwatch-agent.json'), 'utf8'));
    const journald = recordOf(recordOf(recordOf(recordOf(config)['logs'])['logs_collected'])['journald']);
    const [entry] = listOf(journald['collect_list']).map(recordOf);
    expect(entry).toMatchObject({ log_group_name: 'hello-dev-hosts', log_stream_name: '{instance_id}' });
    const files = listOf(entry?.['units']).map((unit) => String(unit).replace(/@\w+\./, '@.'));
    expect(files).toContain('slipway-agent.service');
    expect(files.filter((file) => !existsSync(join(host, file)))).toEqual([]);
  });

  test('run again it changes nothing', () => {
    program(control, `echo "$*" >>${root}/calls`);
    program('bin/systemctl', 'exit 0');
    ship();
    expect(ship()).toEqual({ status: 0, stderr: '' });
    expect(calls()).toHaveLength(1);
  });

  test('a configuration that was refused is tried again', () => {
    program(control, `echo "$*" >>${root}/calls; exit 1`);
    program('bin/systemctl', 'exit 0');
    expect(ship()).toMatchObject({ status: 1, stderr: expect.stringContaining('refuses its configuration') });
    ship();
    expect(calls()).toHaveLength(2);
  });

  test('an image that has no agent, and no repository for it, is told in one line', () => {
    expect(ship()).toEqual({
      status: 1,
      stderr:
        'slipway: logs: amazon-cloudwatch-agent is missing, and this is not Amazon Linux; put it into the image\n',
    });
  });

  test('on Amazon Linux the package is installed first', () => {
    program(
      'bin/dnf',
      `echo "dnf $*" >>${root}/calls; printf '#!/bin/bash\\nexit 0\\n' >${root}/${control}; chmod +x ${root}/${control}`,
    );
    program('bin/systemctl', 'exit 3');
    expect(ship()).toEqual({ status: 0, stderr: '' });
    expect(calls()).toEqual(['dnf install -y -q amazon-cloudwatch-agent']);
  });
});
