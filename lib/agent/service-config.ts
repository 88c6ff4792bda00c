/** The config parameter's value: a JSON object of environment variables. */
import * as v from 'valibot';
import { parseDocument } from '../contract/document.ts';
import { variableName } from '../contract/fields.ts';

const serviceConfigSchema = v.record(variableName, v.string('must be a string'));

export type ServiceConfig = v.InferOutput<typeof serviceConfigSchema>;

/** Throws `ContractError`. */
export function parseServiceConfig(text: string): ServiceConfig {
  return parseDocument(serviceConfigSchema, text, { name: 'config', maxBytes: 16 * 1024 });
}
