/** The environment variables that a build sees: a short list, so that neither credentials nor a machine's habits get into it. */
import type { Variables } from './progress.ts';

/** What reaches a registry, and finds programs. */
const kept =
  /^(?:PATH|HOME|USER|TMPDIR|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(?:FILE|DIR)|NPM_TOKEN|NPM_AUTH_TOKEN)$/i;
const keptOfNpm =
  /^npm_config_(?:registry|cache|userconfig|globalconfig|cafile|https?_?proxy|proxy|noproxy|strict_ssl)$/i;

/** The same on every machine: time zone, language, and the date that tools write into what they make. */
const fixed = { TZ: 'UTC', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', SOURCE_DATE_EPOCH: '0', CI: 'true', NO_COLOR: '1' };

export function buildVariables(variables: Variables): Variables {
  const entries = Object.entries(variables).filter(([name]) => kept.test(name) || keptOfNpm.test(name));
  return { ...Object.fromEntries(entries), ...fixed };
}
