/** What an agent must know before it can read its desired state. User data carries it; it changes only with the machine. */
import * as v from 'valibot';
import { pinsSchema } from './desired-state.ts';
import { parseDocument } from './document.ts';
import { environmentLabel, serviceName, text, whole } from './fields.ts';

const port = whole(1, 65_535);
const address = v.pipe(v.string('must be a string'), v.ip('must be an IP address'));
const absolutePath = v.pipe(text(200), v.startsWith('/', 'must be an absolute path'));

export const agentSettingsSchema = v.strictObject({
  schema: v.literal(1, 'must be 1'),
  service: serviceName,
  environment: environmentLabel,
  region: v.pipe(v.string('must be a string'), v.regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'must be an AWS region')),
  bucket: text(63),
  /** `role-id:instance-id`, as `aws:userid` has it; in user data the instance id is still `INSTANCE_ID`. */
  host: text(128),
  /** Survives reboots: releases, the state file. */
  stateDirectory: absolutePath,
  /** Does not: sockets, the app's environment. */
  runDirectory: absolutePath,
  /** Where the load balancer reaches this host. */
  listen: v.strictObject({ address, port }),
  /** Where the two slots listen; nobody but the proxy of this host reaches them. */
  slots: v.strictObject({ address, blue: port, green: port }),
  proxy: v.picklist(['haproxy', 'built-in'], 'must be haproxy or built-in'),
  /** Who runs the service and the proxy: units of the machine, or children of the agent, as in the rehearsal. */
  supervisor: v.picklist(['systemd', 'process'], 'must be systemd or process'),
  /** How long the connections of a slot that leaves may go on before it is stopped. */
  drainSeconds: whole(0, 3_600),
  /** What the launch template says that this machine runs (push mode); null: what the desired state says (pull mode). */
  pinned: v.nullable(pinsSchema),
});

export type AgentSettings = v.InferOutput<typeof agentSettingsSchema>;

/** Stands in user data for what only the machine knows. */
export const instanceIdPlaceholder = 'INSTANCE_ID';

/** Throws `ContractError`. */
export function parseAgentSettings(bytes: string, name = 'agent settings'): AgentSettings {
  return parseDocument(agentSettingsSchema, bytes, { name, maxBytes: 16 * 1024 });
}
