/** Reads what the agent needs of an answer to ListObjectsV2. Pure. */

export interface ListedObject {
  readonly key: string;
  readonly etag: string;
  /** By the store's own clock. */
  readonly ageMs: number;
}

export interface Listing {
  readonly objects: readonly ListedObject[];
  /** Asks for the next page; null: this was the last. */
  readonly next: string | null;
}

/** S3 gives at most 1000 keys a page. */
const maxObjects = 1_000;
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** `date` is the header of that name. Null: the text is no listing, or not a whole one. */
export function parseListing(text: string, date: string): Listing | null {
  const body = /^\s*(?:<\?xml[^>]*\?>\s*)?<ListBucketResult\b[^>]*>([\s\S]*)<\/ListBucketResult>\s*$/.exec(text)?.[1];
  if (body === undefined) return null;
  const said = Date.parse(date);
  const storeTime = Number.isNaN(said) ? Date.now() : said;
  const contents = [...body.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)].slice(0, maxObjects);
  const objects = contents.flatMap(([, content = '']) => listedObject(content, storeTime) ?? []);
  return { objects, next: valueOf('NextContinuationToken', body) };
}

function listedObject(content: string, storeTime: number): ListedObject | null {
  const key = valueOf('Key', content);
  const etag = valueOf('ETag', content);
  const modified = Date.parse(valueOf('LastModified', content) ?? '');
  if (key === null || etag === null || Number.isNaN(modified)) return null;
  return { key, etag, ageMs: Math.max(0, storeTime - modified) };
}

function valueOf(tag: string, text: string): string | null {
  const value = new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(text)?.[1];
  return value === undefined ? null : unescaped(value);
}

function unescaped(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|(\w+));/g, (whole, decimal, hex, name) => {
    if (typeof name === 'string') return entities[name] ?? whole;
    const point = typeof decimal === 'string' ? Number(decimal) : Number.parseInt(String(hex), 16);
    return point <= 0x10_ff_ff ? String.fromCodePoint(point) : whole;
  });
}
