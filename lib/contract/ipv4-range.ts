/** Ranges of IPv4 addresses: reading them and comparing them. */

export interface Ipv4Range {
  readonly first: number;
  readonly last: number;
  /** Bits of the network part. */
  readonly prefix: number;
}

/** Null where it is no range, or where bits of the host part are set. */
export function parseIpv4Range(cidr: string): Ipv4Range | null {
  const [address = '', bits = ''] = cidr.split('/');
  const bytes = address.split('.').map(Number);
  const prefix = Number(bits);
  if (bytes.length !== 4 || bytes.some((byte) => !(byte <= 255)) || !(prefix <= 32)) return null;
  const first = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const size = 2 ** (32 - prefix);
  return first % size === 0 ? { first, last: first + size - 1, prefix } : null;
}

export function overlaps(a: Ipv4Range, b: Ipv4Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}
