/** The first boot of a host as text: assets/boot.sh with the settings of its agent. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentSettings, instanceIdPlaceholder } from '../contract/agent-settings.ts';
import type { Pins } from '../contract/desired-state.ts';
import { type Environment, slotPorts } from '../contract/environment.ts';
import { storeBucketName } from '../contract/names.ts';
import type { RuntimePins } from '../contract/runtime-pins.ts';

export interface UserDataProps {
  readonly service: string;
  readonly environment: Environment;
  readonly bundleSha256: string;
  readonly runtime: RuntimePins;
  /** Unique id of the hosts' role: the first half of a host's name. */
  readonly roleId: string;
  /** Where the journal of a host is shipped to. */
  readonly logGroupName: string;
  /** Null: the desired state says what a host runs. */
  readonly pinned: Pins | null;
  /** Writes values that CloudFormation fills in later as such: in JSON a number has no quotes, whatever will be in its place. */
  readonly toJson: (settings: AgentSettings) => string;
}

export function userDataScript(props: UserDataProps): string {
  const { environment, bundleSha256, runtime, logGroupName } = props;
  const settings = agentSettings(props);
  const values: Readonly<Record<string, string>> = {
    BUCKET: settings.bucket,
    REGION: settings.region,
    BUNDLE_SHA256: bundleSha256,
    RUNTIME_SHA256: runtime.platforms[`linux-${environment.hosts.architecture}`].sha256,
    LOG_GROUP: logGroupName,
    SETTINGS: props.toJson(settings),
  };
  const script = readFileSync(join(__dirname, 'assets', 'boot.sh'), 'utf8');
  return script.replaceAll(/@([A-Z0-9_]+)@/g, (placeholder, name: string) => values[name] ?? placeholder);
}

function agentSettings({ service, environment, roleId, pinned }: UserDataProps): AgentSettings {
  const { name, account, region } = environment;
  return {
    schema: 1,
    service,
    environment: name,
    region,
    bucket: storeBucketName({ service, environment: name, account, region }),
    host: `${roleId}:${instanceIdPlaceholder}`,
    stateDirectory: '/var/lib/slipway',
    runDirectory: '/run/slipway',
    listen: { address: '0.0.0.0', port: environment.service.port },
    slots: { address: '127.0.0.1', ...slotPorts },
    proxy: 'haproxy',
    supervisor: 'systemd',
    drainSeconds: environment.health.drainSeconds,
    pinned,
  };
}
