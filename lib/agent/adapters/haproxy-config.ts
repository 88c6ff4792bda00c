/** The configuration of HAProxy on a host. Pure; works from HAProxy 2.6 on. */
import { isIPv6 } from 'node:net';
import type { AgentSettings } from '../../contract/agent-settings.ts';
import { sha256 } from '../../contract/canonical-json.ts';
import { type Slot, slots } from '../../contract/host-status.ts';
import { hostHealthPath } from '../../contract/names.ts';
import type { Route } from '../ports.ts';

/** Relative names: HAProxy runs in the folder that holds both files. */
export const configFileName = 'haproxy.cfg';
export const mapFileName = 'haproxy.map';

export interface HaproxyConfigProps {
  /** `inherited`: whoever starts HAProxy holds the listening socket and gives it as descriptor 3, so that a restart refuses nobody. */
  readonly listen: AgentSettings['listen'] | 'inherited';
  readonly slots: AgentSettings['slots'];
  readonly socket: RuntimeSocket;
}

/** Of the runtime API. */
export interface RuntimeSocket {
  /** As HAProxy sees it. */
  readonly path: string;
  /** Octal: who may give commands. */
  readonly mode: '600' | '660';
}

/** The route stands in it only as `disabled` servers: which slot is active is in the map, so that one command switches. */
export function haproxyConfig(props: HaproxyConfigProps, route: Route): string {
  const text = layout(props);
  const servers = slots.map((slot) => serverLine(props, slot, inRoute(route, slot))).join('\n');
  return `# Written by the agent. Layout ${layoutDigest(props)}\n${text}${servers}\n`;
}

/** Where this differs between the file and the agent, the running proxy must load its configuration anew. */
export function layoutDigest(props: HaproxyConfigProps): string {
  return sha256(layout(props) + slots.map((slot) => serverLine(props, slot, true)).join('\n')).slice(0, 16);
}

/** What is looked up at run time: the active slot, and where each slot is asked for its health. */
export interface HaproxyMap {
  readonly active: Slot | 'none';
  readonly blue: string;
  readonly green: string;
}

export function haproxyMap(map: HaproxyMap): string {
  return `active ${map.active}\nblue ${map.blue}\ngreen ${map.green}\n`;
}

/** Commands of the runtime API, in an order that leaves no moment without a slot that can serve. */
export function switchCommands(route: Route, map: HaproxyMap): readonly string[] {
  const taken = slots.filter((slot) => inRoute(route, slot));
  const free = slots.filter((slot) => !inRoute(route, slot));
  return [
    ...slots.map((slot) => `set map ${mapFileName} ${slot} ${map[slot]}`),
    // The agent has checked the slot; waiting for the proxy's own check would be a gap.
    ...taken.flatMap((slot) => [`set server app/${slot} state ready`, `set server app/${slot} health up`]),
    `set map ${mapFileName} active ${map.active}`,
    ...free.map((slot) => `set server app/${slot} state maint`),
  ];
}

export function inRoute(route: Route, slot: Slot): boolean {
  return route.active === slot || route.backup === slot;
}

function serverLine({ slots }: HaproxyConfigProps, slot: Slot, enabled: boolean): string {
  return `  server ${slot} ${hostPort(slots.address, slots[slot])}${enabled ? '' : ' disabled'}`;
}

function layout({ listen, socket }: HaproxyConfigProps): string {
  return `global
  stats socket ${quoted(`unix@${socket.path}`)} mode ${socket.mode} level admin expose-fd listeners
  stats timeout 10s
  hard-stop-after 10m

defaults
  mode http
  # Time-outs grow inward: load balancer 60 s, here 75 s, Node.js 90 s. Who closes an idle connection first is never the inner one.
  timeout client 75s
  timeout http-keep-alive 75s
  timeout server 75s
  timeout http-request 30s
  timeout connect 2s
  timeout queue 5s
  timeout check 2s
  timeout tunnel 1h
  option http-keep-alive
  option forwardfor if-none

frontend host
  bind ${listen === 'inherited' ? 'fd@3' : hostPort(listen.address, listen.port)}
  # Without it a reload resets connections that just send their next request.
  option idle-close-on-response
  # Without the whole request at hand there is nothing to send again.
  option http-buffer-request
  acl asks-health path ${hostHealthPath}
  http-request return status 200 content-type text/plain string "serving" if asks-health { nbsrv(app) ge 1 }
  http-request return status 503 content-type text/plain string "no slot serves" if asks-health
  http-request set-header X-Forwarded-Proto http unless { req.hdr(X-Forwarded-Proto) -m found }
  # Sent twice, these could act twice.
  http-request disable-l7-retry unless { method GET HEAD PUT DELETE OPTIONS }
  # Node's own header tells clients to reconnect to a connection that is not theirs.
  http-response del-header Keep-Alive
  default_backend app

backend app
  option httpchk
  http-check send meth GET uri-lf "%[srv_name,map(${mapFileName},/)]" ver HTTP/1.1 hdr Host localhost
  http-check expect status 200-299
  # A request that the active slot did not answer goes to the other at once, if that is enabled.
  option redispatch 1
  retries 3
  retry-on conn-failure empty-response
  use-server blue if { str(active),map(${mapFileName},none) -m str blue }
  use-server green if { str(active),map(${mapFileName},none) -m str green }
  default-server check inter 1s fastinter 200ms downinter 200ms rise 1 fall 3 observe layer4 error-limit 1 on-error mark-down pool-purge-delay 2s
`;
}

function hostPort(address: string, port: number): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

/** In double quotes HAProxy takes everything but these three as it is. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\$]/g, '\\$&')}"`;
}
