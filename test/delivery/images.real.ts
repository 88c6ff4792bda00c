import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseImagePin } from '../../lib/contract/image-pin.ts';
import { openImageSource } from '../../lib/delivery/image-source.ts';
import { run } from '../cli/fake-shell.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const root = join(__dirname, '..', '..');
const family = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64';
const { signal } = new AbortController();

let moto: Moto;
let folder: TemporaryFolder;
beforeAll(async () => {
  moto = await startMoto();
  folder = await temporaryFolder();
  await cp(join(root, 'environments'), join(folder.path, 'environments'), { recursive: true });
});
afterAll(async () => {
  await folder.remove();
  await moto.stop();
});

const shell = (change: Record<string, string> = {}) => ({
  repository: folder.path,
  variables: { AWS_ENDPOINT_URL: moto.endpoint, ...change },
});
const pinOf = async (environment: string) =>
  parseImagePin(await readFile(join(folder.path, 'environments', `${environment}.image.json`), 'utf8'));

test('the pins of all environments become what the public parameter names, and are the newest from then on', async () => {
  const source = openImageSource({ region: 'eu-central-1', endpoint: moto.endpoint });
  const { id } = await source.newest(family, signal);
  expect(await run('images --check', shell())).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('3 of 3 pins are old.'),
  });
  expect((await pinOf('dev')).id).not.toBe(id);
  const moved = await run('images', shell());
  expect(moved).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('pull request') });
  expect(await pinOf('prod')).toMatchObject({ id, family, region: 'eu-central-1', architecture: 'arm64' });
  expect((await pinOf('dev')).name).toMatch(/^al2023-ami-2023.*-arm64$/);
  expect(await run('images --check', shell())).toMatchObject({ exitCode: 0 });
  const { images } = JSON.parse((await run('images -e dev --json', shell())).stdout);
  expect(images).toMatchObject([{ environment: 'dev', isOld: false, after: { id } }]);
});

test('EC2 tells the name and the processor of an image that it knows', async () => {
  const source = openImageSource({ region: 'us-east-1', endpoint: moto.endpoint });
  expect(await source.describe('ami-12c6146b', signal)).toMatchObject({ architecture: 'x86_64' });
  expect(await source.describe('ami-0000000000000000f', signal)).toBeNull();
});

test('C4: a family that the region lacks, and AWS out of reach, each get one clear line', async () => {
  const source = openImageSource({ region: 'eu-central-1', endpoint: moto.endpoint });
  const unknown = source.newest('/aws/service/debian/release/none/latest/arm64', signal);
  await expect(unknown).rejects.toMatchObject({ code: 'image-not-found' });
  const away = await run('images', shell({ AWS_ENDPOINT_URL: 'http://localhost:1' }));
  expect(away).toMatchObject({ exitCode: 1, stdout: '' });
  expect(away.stderr.trimEnd().split('\n')).toEqual([expect.stringContaining('check the network')]);
});
