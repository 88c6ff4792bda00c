/** Refuses a package-lock.json that names anything but packages of a registry: a Git or web address can change under the same name. */
import * as v from 'valibot';
import { ContractError, parseValue } from '../contract/document.ts';
import { DeliveryError } from './delivery-error.ts';

const specifiers = v.optional(v.record(v.string(), v.string()), {});

const lockSchema = v.object({
  lockfileVersion: v.pipe(v.number('must be a number'), v.minValue(2, 'must be 2 or 3')),
  packages: v.record(
    v.string(),
    v.object({
      resolved: v.optional(v.string()),
      integrity: v.optional(v.string()),
      link: v.optional(v.boolean(), false),
      inBundle: v.optional(v.boolean(), false),
      hasInstallScript: v.optional(v.boolean(), false),
      dependencies: specifiers,
      optionalDependencies: specifiers,
    }),
  ),
});

type Lock = v.InferOutput<typeof lockSchema>;
type LockedPackage = Lock['packages'][string];

export interface ServiceLock {
  /** Packages that would run a script when installed. It is not run. */
  readonly withInstallScript: readonly string[];
}

/** Throws `DeliveryError`. */
export function parseServiceLock(text: string, name: string): ServiceLock {
  const { packages } = parseLock(text, name);
  const installed = Object.entries(packages).filter(([path]) => path.includes('node_modules/'));
  const refused = installed.flatMap(([path, locked]) => (isFromRegistry(locked) ? [] : [packageName(path)]));
  const linked = Object.values(packages).flatMap((locked) => outsideLinks(locked));
  if (refused.length + linked.length > 0) throw lockRefused(name, [...refused, ...linked]);
  return {
    withInstallScript: installed.flatMap(([path, locked]) => (locked.hasInstallScript ? [packageName(path)] : [])),
  };
}

function parseLock(text: string, name: string): Lock {
  try {
    const json: unknown = JSON.parse(text);
    return parseValue(lockSchema, json, name);
  } catch (cause) {
    const wrong = cause instanceof ContractError ? cause.message.slice(name.length + 2) : 'it is not JSON';
    const todo = 'write it again with `npm install --package-lock-only` and commit it';
    throw new DeliveryError('lock-refused', { tried: `reading ${name}`, wrong, todo }, { cause });
  }
}

/** What comes with a parent package has the parent's integrity. */
function isFromRegistry({ link, inBundle, integrity, resolved }: LockedPackage): boolean {
  if (link || inBundle) return true;
  return integrity !== undefined && !/^git|^ssh:|^file:/.test(resolved ?? '');
}

/** Web addresses have an integrity, so that the one who asks for them tells. */
const webAddress = /^(?:https?:|git[+:@]|ssh:|github:|gitlab:|bitbucket:|gist:|[\w-]+\/[\w.-]+(?:#|$))/;

function outsideLinks({ link, resolved, dependencies, optionalDependencies }: LockedPackage): string[] {
  const asked = Object.entries({ ...dependencies, ...optionalDependencies });
  const fromWeb = asked.flatMap(([name, specifier]) => (webAddress.test(specifier) ? [name] : []));
  return link && resolved?.startsWith('..') ? [...fromWeb, resolved] : fromWeb;
}

function packageName(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

function lockRefused(name: string, packages: readonly string[]): DeliveryError {
  return new DeliveryError('lock-refused', {
    tried: `reading ${name}`,
    wrong: `not from a registry with an integrity: ${[...new Set(packages)].slice(0, 5).join(', ')}`,
    todo: 'take a published version instead, so that everybody builds from the same bytes',
  });
}
