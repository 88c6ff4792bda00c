/** The machine image that an environment is pinned to: a file of its own, so that a pull request moves it and nothing else. */
import * as v from 'valibot';
import { parseDocument } from './document.ts';
import { text } from './fields.ts';

const matching = (regex: RegExp, message: string) => v.pipe(v.string(message), v.regex(regex, message));

export const imagePinSchema = v.strictObject({
  id: matching(/^ami-[0-9a-f]{8,17}$/, 'must be the id of a machine image, like ami-0123456789abcdef0'),
  /** For people. */
  name: text(200),
  /** What the newest is asked for: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html */
  family: matching(
    /^\/aws\/service(?:\/[\w.-]+){1,13}$/,
    'must be the name of an SSM public parameter, like /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64',
  ),
  region: text(20),
  /** Must be that of the hosts. */
  architecture: text(10),
});

export type ImagePin = v.InferOutput<typeof imagePinSchema>;

export const imagePinFile = (environment: string): string => `environments/${environment}.image.json`;

/** Throws `ContractError`. */
export function parseImagePin(bytes: string, name = 'image pin'): ImagePin {
  return parseDocument(imagePinSchema, bytes, { name, maxBytes: 4 * 1024 });
}

/** As prettier would write it. */
export function serializeImagePin({ id, name, family, region, architecture }: ImagePin): string {
  return `${JSON.stringify({ id, name, family, region, architecture }, null, 2)}\n`;
}
