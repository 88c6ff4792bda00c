/** Where images are asked for: region and architecture of each environment, read without checking the pins that are about to move. */
import * as v from 'valibot';
import { ContractError, parseValue } from '../contract/document.ts';
import { environmentFields } from '../contract/validate-environment-schema.ts';
import type { ImagePlace } from '../delivery/images.ts';
import { CliError } from './cli-error.ts';
import { loadProject } from './project.ts';
import type { Shell } from './shell.ts';

const { name, region, hosts } = environmentFields;
const placesSchema = v.object({
  environments: v.record(
    v.string(),
    v.object({ name, region, hosts: v.object({ architecture: hosts.entries.architecture }) }),
  ),
});

/** Throws `CliError`. */
export async function readImagePlaces(shell: Shell, wanted: string | null): Promise<readonly ImagePlace[]> {
  const known = Object.values(parse(await loadProject(shell)).environments);
  const found = known.filter((one) => wanted === null || one.name === wanted);
  const names = known.map((one) => one.name).join(', ');
  if (found.length === 0) throw new CliError('usage', `unknown environment '${wanted ?? ''}'; there are ${names}`);
  return found.map((one) => ({ environment: one.name, region: one.region, architecture: one.hosts.architecture }));
}

function parse(value: unknown): v.InferOutput<typeof placesSchema> {
  try {
    return parseValue(placesSchema, value, 'environments/index.ts');
  } catch (cause) {
    if (!(cause instanceof ContractError)) throw cause;
    throw new CliError('environments-invalid', `${cause.message}; correct it`, { cause });
  }
}
