/** What a person can ask for: one closed schema per command, from the words of a command line to typed values. */
import * as v from 'valibot';
import { platforms } from '../contract/runtime-pins.ts';

const words = v.pipe(v.string('must be text'), v.trim(), v.minLength(1, 'must not be empty'));
const optionalWords = orNull(words);
const isSet = v.optional(v.boolean('takes no value'), false);

const environment = optionalWords;
const json = isSet;
const platform = orNull(v.picklist(platforms, `must be ${platforms.join(' or ')}`));
const source = { environment, platform };
const commit = optionalWords;
const timeout = v.optional(wholeFrom(1, 86_400), '600');
const reason = v.pipe(words, v.maxLength(500, 'must be at most 500 characters'));

export const requestSchemas = {
  deploy: v.strictObject({
    command: v.literal('deploy'),
    ...source,
    assembly: optionalWords,
    retry: isSet,
    noWait: isSet,
    timeout,
    json,
  }),
  wait: v.strictObject({ command: v.literal('wait'), environment, timeout, json }),
  status: v.strictObject({ command: v.literal('status'), environment, watch: isSet, json }),
  history: v.strictObject({
    command: v.literal('history'),
    environment,
    limit: v.optional(wholeFrom(1, 1_000), '10'),
    json,
  }),
  rollback: v.strictObject({
    command: v.literal('rollback'),
    environment,
    to: optionalWords,
    reason,
    dryRun: isSet,
    remote: v.optional(words, 'origin'),
    json,
  }),
  build: v.strictObject({ command: v.literal('build'), ...source, commit, json }),
  publish: v.strictObject({ command: v.literal('publish'), ...source, commit, json }),
  images: v.strictObject({ command: v.literal('images'), environment, check: isSet, json }),
  doctor: v.strictObject({ command: v.literal('doctor'), environment, json }),
  rehearse: v.strictObject({
    command: v.literal('rehearse'),
    service: optionalWords,
    stay: isSet,
    jsonFile: optionalWords,
    proxy: orNull(v.picklist(['haproxy', 'built-in'], 'must be haproxy or built-in')),
    port: orNull(wholeFrom(1, 65_535)),
  }),
};

export const requestSchema = v.variant('command', [
  requestSchemas.build,
  requestSchemas.publish,
  requestSchemas.deploy,
  requestSchemas.wait,
  requestSchemas.status,
  requestSchemas.history,
  requestSchemas.rollback,
  requestSchemas.images,
  requestSchemas.doctor,
  requestSchemas.rehearse,
]);

export type Request = v.InferOutput<typeof requestSchema>;
export type CommandName = Request['command'];
export type RequestOf<Name extends CommandName> = Extract<Request, { readonly command: Name }>;

/** Null where it is not given. */
function orNull<const S extends v.GenericSchema>(schema: S) {
  return v.optional(v.nullable(schema), null);
}

function wholeFrom(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return v.pipe(
    v.string(message),
    v.regex(/^\d{1,9}$/, message),
    v.transform(Number),
    v.minValue(min, message),
    v.maxValue(max, message),
  );
}
