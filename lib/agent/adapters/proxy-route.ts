/** The route as the built-in proxy takes it over its socket and finds it at its start. */
import * as v from 'valibot';
import { canonicalJson } from '../../contract/canonical-json.ts';
import { parseDocument } from '../../contract/document.ts';
import { httpPath } from '../../contract/fields.ts';
import { slots } from '../../contract/host-status.ts';
import type { Route } from '../ports.ts';

const slot = v.nullable(v.picklist(slots, 'must be blue or green'));

const proxyRouteSchema = v.strictObject({ active: slot, backup: slot, healthPath: v.nullable(httpPath) });

export const maxRouteBytes = 4 * 1024;
export const routeFileName = 'route.json';
export const controlSocketName = 'proxy.sock';

export const noRoute: Route = { active: null, backup: null, healthPath: null };

/** Throws `ContractError`. */
export function parseRoute(bytes: string): Route {
  return parseDocument(proxyRouteSchema, bytes, { name: 'route of the proxy', maxBytes: maxRouteBytes });
}

export function serializeRoute({ active, backup, healthPath }: Route): string {
  return canonicalJson({ active, backup, healthPath });
}
