/** Reads what the first boot of a host would do out of its user data: the agent's settings, and the digest of its bundle. */
import { type AgentSettings, instanceIdPlaceholder, parseAgentSettings } from '../contract/agent-settings.ts';
import { RehearsalError } from './rehearsal-error.ts';

export interface Boot {
  /** As the machine would have them. */
  readonly settings: AgentSettings;
  readonly bundleSha256: string;
}

const settingsBlock = /<<'SLIPWAY_SETTINGS'\n(.*)\nSLIPWAY_SETTINGS\n/;
const bundleDigest = /\bbundle_sha256='([0-9a-f]{64})'/;

/** Throws `RehearsalError`, or `ContractError` where the settings are not what the agent takes. */
export function readUserData(script: string, instance: string): Boot {
  const [, settings] = settingsBlock.exec(script) ?? [];
  const [, bundleSha256] = bundleDigest.exec(script) ?? [];
  if (settings === undefined || bundleSha256 === undefined) {
    throw new RehearsalError('machine-failed', {
      tried: `reading the user data of ${instance}`,
      wrong: `it names no ${settings === undefined ? 'settings of the agent' : 'digest of the bundle'}`,
      todo: 'keep bundle_sha256 and the block SLIPWAY_SETTINGS in lib/infra/assets/boot.sh',
    });
  }
  const own = settings.replaceAll(instanceIdPlaceholder, instance);
  return { settings: parseAgentSettings(own, `user data of ${instance}`), bundleSha256 };
}
