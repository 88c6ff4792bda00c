/** Headers that speak of one connection only, and so do not pass through a proxy (RFC 9110, 7.6.1). */

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export type HeaderPairs = readonly (readonly [string, string])[];

/** Node's flat list of names and values as pairs, without what is of this connection. */
export function endToEnd(rawHeaders: readonly string[]): HeaderPairs {
  const all = pairsOf(rawHeaders);
  const named = all
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((name) => name.trim().toLowerCase()));
  const dropped = new Set([...hopByHop, ...named]);
  return all.filter(([name]) => !dropped.has(name.toLowerCase()));
}

export function pairsOf(rawHeaders: readonly string[]): HeaderPairs {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) pairs.push([rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']);
  return pairs;
}

/** As Node takes them for a request: what came twice as a list, in the letters of the first. */
export function toHeaderRecord(pairs: HeaderPairs): Record<string, string | string[]> {
  const byName = new Map<string, { readonly name: string; readonly values: string[] }>();
  for (const [name, value] of pairs) {
    const known = byName.get(name.toLowerCase());
    if (known) known.values.push(value);
    else byName.set(name.toLowerCase(), { name, values: [value] });
  }
  return Object.fromEntries(
    [...byName.values()].map(({ name, values }) => [name, values.length === 1 ? (values[0] ?? '') : values]),
  );
}

/** Says who asked, unless the load balancer in front has said so. */
export function withForwarded(pairs: HeaderPairs, clientAddress: string): HeaderPairs {
  const has = (wanted: string) => pairs.some(([name]) => name.toLowerCase() === wanted);
  return [
    ...pairs,
    ...(has('x-forwarded-for') ? [] : [['X-Forwarded-For', clientAddress] as const]),
    ...(has('x-forwarded-proto') ? [] : [['X-Forwarded-Proto', 'http'] as const]),
  ];
}
