/** What the service is told when it is started: by Slipway's agent, or by nothing at all on a laptop. */

export interface Settings {
  readonly port: number;
  /** Address to listen on. */
  readonly address: string;
  readonly greeting: string;
  /** Digest of the release; its first digits choose the page's colour. */
  readonly release: string;
  readonly environment: string;
  readonly host: string;
  readonly slot: string;
  readonly commit: string;
}

/** Throws an `Error` that names the variable. */
export function readSettings(variables: Readonly<Record<string, string | undefined>>): Settings {
  return {
    port: readPort(variables['PORT'] ?? '3000'),
    address: variables['HOST'] ?? '127.0.0.1',
    greeting: variables['GREETING'] ?? 'Hello',
    release: variables['SLIPWAY_RELEASE'] ?? 'unreleased',
    environment: variables['SLIPWAY_ENVIRONMENT'] ?? 'local',
    host: variables['SLIPWAY_HOST'] ?? 'localhost',
    slot: variables['SLIPWAY_SLOT'] ?? 'none',
    commit: variables['SLIPWAY_COMMIT'] ?? 'uncommitted',
  };
}

function readPort(text: string): number {
  const port = Number(text);
  // 0 lets the system choose: what the tests do.
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new Error(`PORT: must be a port number from 0 to 65535, got '${text}'`);
}
