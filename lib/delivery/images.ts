/** Moves the pins of machine images to the newest of their families: files change, machines only when that is merged and deployed. */
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Architecture } from '../contract/environment.ts';
import { type ImagePin, imagePinFile, parseImagePin, serializeImagePin } from '../contract/image-pin.ts';
import { DeliveryError } from './delivery-error.ts';
import type { ImageFacts, ImageSource } from './image-source.ts';

/** What is asked of an environment's image. */
export interface ImagePlace {
  readonly environment: string;
  readonly region: string;
  readonly architecture: Architecture;
}

export interface ImagesOptions {
  readonly repository: string;
  readonly places: readonly ImagePlace[];
  readonly sourceFor: (region: string) => ImageSource;
  /** Changes no file. */
  readonly isCheck: boolean;
  readonly signal: AbortSignal;
}

export interface ImageMove {
  readonly environment: string;
  /** Relative to the repository. */
  readonly file: string;
  readonly before: ImagePin;
  readonly after: ImagePin;
  /** Whether the pin is another than the newest. */
  readonly isOld: boolean;
}

/** All are asked for before the first file is written. Throws `DeliveryError`, `ContractError`. */
export async function moveImages(options: ImagesOptions): Promise<readonly ImageMove[]> {
  const { places, repository, isCheck } = options;
  const moves = await Promise.all(places.map(async (place) => findMove(place, options)));
  if (isCheck) return moves;
  for (const { file, after, isOld } of moves) if (isOld) await replaceFile(join(repository, file), after);
  return moves;
}

async function findMove(place: ImagePlace, { repository, sourceFor, signal }: ImagesOptions): Promise<ImageMove> {
  const { environment, region, architecture } = place;
  const file = imagePinFile(environment);
  const before = parseImagePin(await readPin(join(repository, file), file), file);
  const source = sourceFor(region);
  const { id, version } = await source.newest(before.family, signal);
  const isOld = id !== before.id || region !== before.region || architecture !== before.architecture;
  if (!isOld) return { environment, file, before, after: before, isOld };
  const facts = (await source.describe(id, signal)) ?? factsByFamily(before.family, version);
  if (facts.architecture !== null && architectures[facts.architecture] !== architecture)
    throw unfit(place, file, before);
  const after = parseImagePin(
    serializeImagePin({ id, name: facts.name, family: before.family, region, architecture }),
    `the newest image of ${before.family}`,
  );
  return { environment, file, before, after, isOld };
}

const architectures: Readonly<Record<string, Architecture>> = {
  arm64: 'arm64',
  x86_64: 'x64',
  amd64: 'x64',
};

interface Facts extends Pick<ImageFacts, 'name'> {
  readonly architecture: string | null;
}

/** What the family's name tells: `al2023-ami-kernel-default-arm64`, version 161. */
function factsByFamily(family: string, version: number): Facts {
  const [architecture = null] = /arm64|x86_64|amd64/.exec(family) ?? [];
  return { name: `${family.slice(family.lastIndexOf('/') + 1)}, version ${version}`, architecture };
}

function unfit({ environment, architecture }: ImagePlace, file: string, { family }: ImagePin): DeliveryError {
  return new DeliveryError('image-unfit', {
    tried: `moving the image of '${environment}'`,
    wrong: `its hosts are ${architecture}, got an image of ${family}`,
    todo: `name a family of that architecture in ${file}`,
  });
}

async function readPin(path: string, file: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    const wrong = cause instanceof Error ? cause.message : String(cause);
    const todo = 'write one that names a family, as those of the other environments do';
    throw new DeliveryError('file-failed', { tried: `reading ${file}`, wrong, todo }, { cause });
  });
}

/** Whoever reads it meanwhile sees the old one or the new one. */
async function replaceFile(path: string, pin: ImagePin): Promise<void> {
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(draft, serializeImagePin(pin), { flag: 'wx' });
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true });
    const wrong = cause instanceof Error ? cause.message : String(cause);
    const todo = 'see who may write there, and run it again';
    throw new DeliveryError('file-failed', { tried: `writing ${path}`, wrong, todo }, { cause });
  }
}
