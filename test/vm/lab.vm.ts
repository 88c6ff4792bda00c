/** The lab itself: what the other tests stand on behaves as EC2 and AWS do. */
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type Lab, openLab } from './support/lab.ts';
import type { Machine } from './support/machine.ts';

const bucket = 'slipway-lab';
const metadata = 'http://169.254.169.254/latest';
/** Gives `TOKEN`, and the credentials as `KEY`, `SECRET`, `SESSION`. */
const identify = `
ask() { curl -sS -H "X-aws-ec2-metadata-token: $TOKEN" "${metadata}/meta-data/$1"; }
field() { printf '%s' "$CREDENTIALS" | sed -n "s/.*\\"$1\\" *: *\\"\\([^\\"]*\\)\\".*/\\1/p"; }
TOKEN=$(curl -sS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' ${metadata}/api/token)
ROLE=$(ask iam/security-credentials/)
CREDENTIALS=$(ask "iam/security-credentials/$ROLE")
KEY=$(field AccessKeyId) SECRET=$(field SecretAccessKey) SESSION=$(field Token)
`;

let lab: Lab;
let machine: Machine;

beforeAll(async () => {
  lab = await openLab();
  const { region, endpoint, credentials } = lab.access;
  const s3 = new S3Client({
    region,
    ...(endpoint && { endpoint }),
    ...(credentials && { credentials }),
    forcePathStyle: true,
  });
  await s3.send(
    new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }),
  );
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'desired.json', Body: 'a body' }));
  const userData =
    '#!/bin/bash\necho "user data ran as $(id -un)"\necho "slipway: complaint" >&2\necho run >> /root/runs\n';
  machine = await lab.boot({ name: 'm1', userData });
});
afterAll(async () => lab.close());

const asItself = {
  method: 'GET',
  key: '$KEY',
  secret: '$SECRET',
  session: '$SESSION',
  service: 's3',
  region: 'eu-central-1',
  body: '',
};
type Request = Partial<typeof asItself>;

const get = async (script: string): Promise<string> => machine.must(['bash', '-c', script]);

/** By curl's own signer, which is neither the agent's nor the lab's: `200`, or what was refused. */
async function request(path: string, change: Request = {}): Promise<string> {
  const { method, key, secret, session, service, region, body } = { ...asItself, ...change };
  const { stdout } = await machine.run([
    'bash',
    '-c',
    `${identify}
      SUM=$(printf '%s' '${body}' | sha256sum | cut -d ' ' -f 1)
      curl -sS -w '\\n%{http_code}' -X ${method} ${body && `--data-binary '${body}'`} \\
        --aws-sigv4 "aws:amz:${region}:${service}" --user "${key}:${secret}" \\
        -H "x-amz-security-token: ${session}" -H "x-amz-content-sha256: $SUM" \\
        "https://${bucket}.s3.${lab.region}.amazonaws.com${path}" 2>&1`,
  ]);
  const code = /<Code>(\w+)<\/Code>/.exec(stdout)?.[1];
  return code ?? stdout.trimEnd().split('\n').at(-1) ?? '';
}

describe('a machine of the lab', () => {
  test('user data is run by cloud-init, once, and the console shows what it says', async () => {
    await machine.until(
      'user data to have run',
      async () => (await machine.run(['test', '-s', '/root/runs'])).code === 0,
    );
    await machine.until('the console', async () => (await machine.console()).includes('slipway: complaint'));
    await machine.reboot();
    const status = async (): Promise<string> => (await machine.run(['cloud-init', 'status'])).stdout;
    await machine.until('cloud-init to be done', async () => (await status()).includes('done'));
    expect(await machine.must(['cat', '/root/runs'])).toBe('run\n');
    expect(await machine.console()).toContain('user data ran as root');
  });

  test('a memory limit of a unit holds: who exceeds it is killed, and nobody else', async () => {
    const hog = ['python3', '-c', 'b"x" * 200_000_000'];
    const unit = ['systemd-run', '--quiet', '--wait', '--pipe'];
    expect((await machine.run([...unit, '-p', 'MemoryMax=50M', ...hog])).code).not.toBe(0);
    expect((await machine.run([...unit, ...hog])).code).toBe(0);
  });

  test('a wait that is too long shows the last lines of console and journal', async () => {
    const wait = machine.until('what never comes', () => false, 100);
    await expect(wait).rejects.toThrow(
      /waited 0.1 s for m1: what never comes\n--- console\n[\s\S]*--- journal\n.*systemd/,
    );
  });

  test('two machines see each other, and not the units of each other', async () => {
    const other = await lab.boot({ name: 'm2' });
    // Refused: the other one is there, and nothing listens. Else the connection would time out.
    expect((await machine.run(['curl', '-sS', '--max-time', '5', `http://${other.address}:1/`])).code).toBe(7);
    await machine.must(['systemd-run', '--quiet', '--unit=own', 'sleep', '600']);
    expect((await other.run(['systemctl', 'is-active', 'own'])).stdout).toBe('inactive\n');
    expect((await machine.run(['systemctl', 'is-active', 'own'])).stdout).toBe('active\n');
    await other.destroy();
    expect(lab.machines).toEqual([machine]);
  });
});

describe('the metadata service', () => {
  test('gives an instance its own id, and credentials only for a token', async () => {
    expect(await get(`${identify} ask instance-id`)).toBe(machine.instance);
    expect(await get(`curl -s -o /dev/null -w '%{http_code}' ${metadata}/meta-data/instance-id`)).toBe('401');
    expect(await get(`curl -s -o /dev/null -w '%{http_code}' -X PUT ${metadata}/api/token`)).toBe('400');
    const forwarded = `-X PUT -H 'X-Forwarded-For: 10.0.0.1' -H 'X-aws-ec2-metadata-token-ttl-seconds: 60'`;
    expect(await get(`curl -s -o /dev/null -w '%{http_code}' ${forwarded} ${metadata}/api/token`)).toBe('403');
  });
});

describe('the AWS edge', () => {
  test('passes on what is signed with the credentials of the machine', async () => {
    expect(await request('/desired.json')).toBe('200');
    expect(await request('/?list-type=2&prefix=status%2F')).toBe('200');
    expect(await request(`/status/AROAX:${machine.instance}.json`, { method: 'PUT', body: '{}' })).toBe('200');
  });

  test.each<readonly [string, string, Request]>([
    ['another secret', 'SignatureDoesNotMatch', { secret: 'wrong' }],
    ['another session token', 'SignatureDoesNotMatch', { session: 'wrong' }],
    ['a key that nobody was given', 'InvalidAccessKeyId', { key: 'AKIA0000000000000000' }],
    ['a signature for another service', 'SignatureDoesNotMatch', { service: 'ssm' }],
    ['a signature for another region', 'SignatureDoesNotMatch', { region: 'us-east-1' }],
  ])('refuses %s: %s', async (_, code, change) => {
    expect(await request('/desired.json', change)).toBe(code);
  });

  test.each<readonly [string, string, Request]>([
    ['the status of another host', '/status/AROAX:i-00000000000000000.json', { method: 'PUT', body: '{}' }],
    ['writing a blob', '/blobs/x', { method: 'PUT', body: '{}' }],
    ['writing the desired state', '/desired.json', { method: 'PUT', body: '{}' }],
    ['removing', '/desired.json', { method: 'DELETE' }],
    ['listing all', '/?list-type=2', {}],
    ['what is of the pipelines alone', '/infrastructure.json', {}],
  ])('the role of a host does not allow %s', async (_, path, change) => {
    expect(await request(path, change)).toBe('AccessDenied');
  });

  test('a body that is not the signed one is refused', async () => {
    const signed = `${identify}
      SUM=$(printf other | sha256sum | cut -d ' ' -f 1)
      curl -sS -X PUT --data-binary one --aws-sigv4 'aws:amz:${lab.region}:s3' --user "$KEY:$SECRET" \\
        -H "x-amz-security-token: $SESSION" -H "x-amz-content-sha256: $SUM" \\
        "https://${bucket}.s3.${lab.region}.amazonaws.com/status/AROAX:${machine.instance}.json"`;
    expect(await machine.must(['bash', '-c', signed])).toContain('the body is not the one that was signed');
  });

  test('fails on command, for one machine, service and path, until that is over', async () => {
    const desired = { service: 's3', path: /^\/desired\.json/, machine: 'm1' };
    const under = async (fault: Parameters<typeof lab.edge.fault>[1]): Promise<string> => {
      const lift = lab.edge.fault(desired, fault);
      const answer = await request('/desired.json');
      lift();
      return answer;
    };
    expect(await under({ kind: 'deny' })).toBe('AccessDenied');
    expect(await under({ kind: 'status', status: 503, code: 'SlowDown' })).toBe('SlowDown');
    expect(await under({ kind: 'skew', offsetMs: -3_600_000 })).toBe('RequestTimeTooSkewed');
    expect(await under({ kind: 'drop' })).toBe('000');
    expect(await request('/desired.json')).toBe('200');
    const others = lab.edge.fault({ ...desired, machine: 'm2' }, { kind: 'deny' });
    expect(await request('/desired.json')).toBe('200');
    others();
    expect(lab.edge.calls.at(-1)).toMatchObject({ machine: 'm1', service: 's3', path: '/desired.json', status: 200 });
  });

  test('credentials that were rotated stay good for who still has them', async () => {
    const before = await machine.must(['bash', '-c', `${identify} echo $KEY`]);
    lab.rotateCredentials();
    expect(await machine.must(['bash', '-c', `${identify} echo $KEY`])).not.toBe(before);
    expect(await request('/desired.json')).toBe('200');
  });
});
