import { environments, promotionOrder, service } from '../../environments/index.ts';
import { imagesDocument } from '../../lib/cli/documents.ts';
import { readImagePlaces } from '../../lib/cli/image-places.ts';
import { plain } from '../../lib/cli/render/paint.ts';
import { renderImages } from '../../lib/cli/render/images.ts';
import type { ImageMove } from '../../lib/delivery/images.ts';
import { run } from './fake-shell.ts';

const before = {
  ...environments.dev.hosts.image,
  id: 'ami-0c5f8a1d2e3b49760',
  name: 'al2023-ami-2023.9.20261110.0-kernel-6.1-arm64',
};
const after = { ...before, id: 'ami-0b3d6c3e22250b392', name: 'al2023-ami-2023.10.20261201.0-kernel-6.1-arm64' };
const moved: ImageMove = { environment: 'dev', file: 'environments/dev.image.json', before, after, isOld: true };
const same: ImageMove = {
  environment: 'stage',
  file: 'environments/stage.image.json',
  before,
  after: before,
  isOld: false,
};

test('what moved is shown as old and new, with what to do with it', () => {
  expect(renderImages([moved, same], false, plain)).toMatchInlineSnapshot(`
   "  ! dev    ami-0c5f8a1d2e3b49760 → ami-0b3d6c3e22250b392
              al2023-ami-2023.9.20261110.0-kernel-6.1-arm64
              → al2023-ami-2023.10.20261201.0-kernel-6.1-arm64
     ✓ stage  ami-0c5f8a1d2e3b49760  newest
              al2023-ami-2023.9.20261110.0-kernel-6.1-arm64

   ✓ 1 of 2 pins moved.
     → propose the changed files as a pull request: machines are replaced when it
       is merged and deployed
   "
  `);
});

test('a check says that it changed nothing, and how to', () => {
  const text = renderImages([moved, { ...moved, environment: 'prod' }, same], true, plain);
  expect(text).toContain('✗ 2 of 3 pins are old.\n  → slipway images\n');
  expect(renderImages([same], true, plain)).toContain('✓ Every pinned image is the newest of its family.');
});

test('the document names file, old and new of each', () => {
  expect(imagesDocument([moved], true)).toEqual({
    isCheck: true,
    images: [{ environment: 'dev', file: moved.file, isOld: true, before, after }],
  });
});

test('C4: an unknown environment ends with 2 and names the known ones', async () => {
  expect(await run('images -e production')).toMatchObject({
    exitCode: 2,
    stderr: "slipway: unknown environment 'production'; there are dev, stage, prod\n  → slipway images --help\n",
  });
});

const loading = (change: object) => ({
  repository: '/nowhere',
  variables: {},
  stdout: { write: () => undefined, isTerminal: false },
  stderr: { write: () => undefined, isTerminal: false },
  signal: new AbortController().signal,
  now: () => 0,
  loadProject: async () =>
    Promise.resolve({
      service,
      environments: { ...environments, dev: { ...environments.dev, ...change } },
      promotionOrder,
    }),
});

test('pins that do not fit their environment are no obstacle to moving them; a region that is none is', async () => {
  expect(await readImagePlaces(loading({ region: 'us-east-1' }), 'dev')).toEqual([
    { environment: 'dev', region: 'us-east-1', architecture: environments.dev.hosts.architecture },
  ]);
  await expect(readImagePlaces(loading({ region: 'nowhere' }), 'dev')).rejects.toMatchObject({
    code: 'environments-invalid',
    message: expect.stringContaining('environments.dev.region'),
  });
});
