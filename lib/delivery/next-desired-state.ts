/** What the desired state becomes: pure, from the one before, the build and the environment's file. */
import { canonicalJson, sha256 } from '../contract/canonical-json.ts';
import type { DeploymentRecord } from '../contract/deployment-record.ts';
import { type DesiredState, type Pins, pinsOf, revisionOf } from '../contract/desired-state.ts';
import type { Environment } from '../contract/environment.ts';
import { configParameterName, secretParameterName } from '../contract/names.ts';
import { type HostView, countHosts } from './host-view.ts';

export interface NextOptions {
  readonly service: string;
  readonly environment: Environment;
  readonly commit: string;
  readonly tree: string;
  readonly release: string;
  readonly config: Pins['config'];
  readonly retry: boolean;
  /** Undefined: nothing was ever deployed here. */
  readonly previous: DesiredState | undefined;
  /** Whether the hosts confirmed what `previous` says. */
  readonly isPreviousConfirmed: boolean;
}

/** Undefined: the environment was told just this before, and there is nothing to write. */
export function nextDesiredState(options: NextOptions): DesiredState | undefined {
  const { service, environment, previous, retry } = options;
  const next: DesiredState = {
    schema: 1,
    environment: environment.name,
    service,
    generation: (previous?.generation ?? 0) + 1,
    commit: options.commit,
    tree: options.tree,
    release: options.release,
    config: options.config,
    secrets: pinSecrets(service, environment),
    rollout: environment.delivery.rollout,
    fallback: fallbackOf(options),
    freeze: environment.freeze,
    retry,
  };
  return previous && !retry && isSame(previous, next) ? undefined : next;
}

/** Another commit with the same tree says nothing new. */
function isSame(before: DesiredState, after: DesiredState): boolean {
  return (
    before.tree === after.tree &&
    revisionOf(before) === revisionOf(after) &&
    canonicalJson({ ...before.rollout }) === canonicalJson({ ...after.rollout }) &&
    canonicalJson(before.freeze) === canonicalJson(after.freeze)
  );
}

function fallbackOf({ previous, isPreviousConfirmed }: NextOptions): Pins | null {
  if (!previous) return null;
  return isPreviousConfirmed ? pinsOf(previous) : previous.fallback;
}

/** The revision that a deploy leads to: known before the config's parameter is written, whose version is no part of it. */
export function plannedRevision({
  service,
  environment,
  release,
}: Pick<NextOptions, 'service' | 'environment' | 'release'>): string {
  const parameter = configParameterName({ service, environment: environment.name });
  const config = { parameter, version: 1, sha256: sha256(canonicalJson(environment.service.config)) };
  return revisionOf({ release, config, secrets: pinSecrets(service, environment) });
}

function pinSecrets(service: string, { name, service: { secrets } }: Environment): Pins['secrets'] {
  return Object.entries(secrets)
    .map(([secret, version]) => ({
      name: secret,
      parameter: secretParameterName({ service, environment: name }, secret),
      version,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** By the record, if somebody waited for the end; else by what the hosts say now. */
export function isConfirmed(record: DeploymentRecord | undefined, hosts: readonly HostView[]): boolean {
  if (record) return record.outcome === 'confirmed';
  const { converged, unreachable } = countHosts(hosts);
  return converged > 0 && converged + unreachable === hosts.length;
}
