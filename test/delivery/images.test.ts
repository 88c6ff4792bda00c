import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImagePin, parseImagePin, serializeImagePin } from '../../lib/contract/image-pin.ts';
import type { ImageFacts, ImageSource, NewestImage } from '../../lib/delivery/image-source.ts';
import { type ImagePlace, type ImagesOptions, moveImages } from '../../lib/delivery/images.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const family = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64';
const pin: ImagePin = {
  id: 'ami-0123456789abcdef0',
  name: 'al2023-ami-2023.9',
  family,
  region: 'eu-central-1',
  architecture: 'arm64',
};
const place: ImagePlace = { environment: 'dev', region: 'eu-central-1', architecture: 'arm64' };
const newest: NewestImage = { id: 'ami-0fedcba9876543210', version: 161 };
const facts: ImageFacts = { name: 'al2023-ami-2023.10', architecture: 'arm64' };

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder.path, 'environments'));
  await write('dev', pin);
  await write('stage', pin);
});
afterEach(async () => folder.remove());

const fileOf = (environment: string): string => join(folder.path, 'environments', `${environment}.image.json`);
const write = async (environment: string, value: ImagePin): Promise<void> =>
  writeFile(fileOf(environment), serializeImagePin(value));
const read = async (environment: string): Promise<string> => readFile(fileOf(environment), 'utf8');

const source = (change: Partial<ImageSource> = {}): ImageSource => ({
  newest: async () => Promise.resolve(newest),
  describe: async () => Promise.resolve(facts),
  ...change,
});
const refuse = async (): Promise<never> => Promise.reject(new Error('asked'));
const move = async (change: Partial<ImagesOptions> = {}) =>
  moveImages({
    repository: folder.path,
    places: [place],
    sourceFor: () => source(),
    isCheck: false,
    signal: new AbortController().signal,
    ...change,
  });

test('an old pin is rewritten as a whole, and nothing else is left behind', async () => {
  expect(await move()).toMatchObject([
    { environment: 'dev', file: 'environments/dev.image.json', isOld: true, before: pin, after: { id: newest.id } },
  ]);
  expect(parseImagePin(await read('dev'))).toEqual({ ...pin, id: newest.id, name: facts.name });
  expect(await readdir(join(folder.path, 'environments'))).toEqual(['dev.image.json', 'stage.image.json']);
  expect(await read('stage')).toBe(serializeImagePin(pin));
});

test('it is written in the form that the formatter keeps', async () => {
  const kept = await readFile(join(__dirname, '../../environments/dev.image.json'), 'utf8');
  expect(serializeImagePin(parseImagePin(kept))).toBe(kept);
});

test('the newest stays as it is, byte for byte, and nobody is asked what it is called', async () => {
  const text = JSON.stringify({ ...pin, name: 'a name of mine' });
  await writeFile(fileOf('dev'), text);
  const sourceFor = () => source({ newest: async () => Promise.resolve({ ...newest, id: pin.id }), describe: refuse });
  expect(await move({ sourceFor })).toMatchObject([{ isOld: false }]);
  expect(await read('dev')).toBe(text);
});

test('a check changes nothing', async () => {
  expect(await move({ isCheck: true })).toMatchObject([{ isOld: true, after: { id: newest.id } }]);
  expect(await read('dev')).toBe(serializeImagePin(pin));
});

test('an environment that moved to another region gets the image of that region', async () => {
  const asked: string[] = [];
  const sourceFor = (region: string): ImageSource => {
    asked.push(region);
    return source({ newest: async () => Promise.resolve({ ...newest, id: pin.id }) });
  };
  await move({ places: [{ ...place, region: 'us-east-1' }], sourceFor });
  expect(asked).toEqual(['us-east-1']);
  expect(parseImagePin(await read('dev'))).toMatchObject({ region: 'us-east-1' });
});

test.each([
  [family, 'al2023-ami-kernel-default-arm64, version 161'],
  ['/aws/service/debian/release/bookworm/latest/arm64', 'arm64, version 161'],
])('where EC2 does not say what an image is, its family and version name it: %s', async (own, name) => {
  await write('dev', { ...pin, family: own });
  await move({ sourceFor: () => source({ describe: async () => Promise.resolve(null) }) });
  expect(parseImagePin(await read('dev'))).toMatchObject({ id: newest.id, name, family: own });
});

const x64 = source({ describe: async () => Promise.resolve({ ...facts, architecture: 'x86_64' }) });
const nameless = source({ describe: async () => Promise.resolve(null) });
test.each<[string, Partial<ImagesOptions>, string]>([
  ['an image of another processor', { sourceFor: () => x64 }, 'image-unfit'],
  [
    'a family of another processor',
    { sourceFor: () => nameless, places: [{ ...place, architecture: 'x64' }] },
    'image-unfit',
  ],
  ['an environment without a file', { places: [place, { ...place, environment: 'prod' }] }, 'file-failed'],
  [
    'an answer that is no image',
    { sourceFor: () => source({ newest: async () => Promise.resolve({ id: '', version: 0 }) }) },
    'invalid',
  ],
])('C4: %s is refused, and no file is changed', async (_name, change, code) => {
  await expect(move(change)).rejects.toMatchObject({ code });
  expect(await read('dev')).toBe(serializeImagePin(pin));
  expect(await readdir(join(folder.path, 'environments'))).toHaveLength(2);
});

test('C4: when one region fails, no file of the others is changed', async () => {
  const failing = source({ newest: async () => Promise.reject(new Error('away')) });
  const places = [place, { ...place, environment: 'stage', region: 'us-east-1' }];
  const sourceFor = (region: string): ImageSource => (region === 'us-east-1' ? failing : source());
  await expect(move({ places, sourceFor })).rejects.toThrow('away');
  expect(await read('dev')).toBe(serializeImagePin(pin));
});
