/** Who the machines of a lab are: instance ids, and the credentials that the metadata service gave to each. */
import { randomBytes } from 'node:crypto';

export interface Identity {
  readonly name: string;
  /** `i-` and 17 hexadecimal digits. */
  readonly instance: string;
  readonly address: string;
  readonly userData: string;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface Identities {
  add(identity: Identity): void;
  remove(identity: Identity): void;
  at(address: string): Identity | undefined;
  /** The same until they are rotated. */
  credentialsOf(identity: Identity): Credentials;
  /** Undefined: nobody was given this key. */
  holder(accessKeyId: string): { readonly identity: Identity; readonly credentials: Credentials } | undefined;
  /** From now on all machines are given new credentials; the old ones stay good, as on EC2. */
  rotate(): void;
}

export function createIdentities(): Identities {
  const byAddress = new Map<string, Identity>();
  const current = new Map<string, Credentials>();
  const given = new Map<string, { readonly identity: Identity; readonly credentials: Credentials }>();
  return {
    add: (identity) => void byAddress.set(identity.address, identity),
    remove(identity) {
      byAddress.delete(identity.address);
      current.delete(identity.instance);
    },
    at: (address) => byAddress.get(address.replace(/^::ffff:/, '')),
    credentialsOf(identity) {
      const found = current.get(identity.instance) ?? newCredentials();
      current.set(identity.instance, found);
      given.set(found.accessKeyId, { identity, credentials: found });
      return found;
    },
    holder: (accessKeyId) => given.get(accessKeyId),
    rotate: () => current.clear(),
  };
}

export const newInstanceId = (): string => `i-${randomBytes(9).toString('hex').slice(0, 17)}`;

function newCredentials(): Credentials {
  return {
    accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    // As long as AWS's are, and with the characters that must be escaped in a careless client.
    sessionToken: `IQoJ${randomBytes(480).toString('base64')}==`,
  };
}
