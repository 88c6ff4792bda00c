import { parseListing } from '../../../lib/agent/adapters/s3-listing.ts';

const date = 'Mon, 23 Nov 2026 12:01:00 GMT';
const object = (key: string, more = '') =>
  `<Contents><Key>${key}</Key><LastModified>2026-11-23T12:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag>${more}</Contents>`;
const listing = (inner: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</ListBucketResult>`;

test('objects of a listing have their key, their entity tag, and their age by the clock of the store', () => {
  const text = listing(
    `<Prefix>status/</Prefix>${object('status/a:i-1.json', '<Size>3</Size>')}${object('status/b.json')}`,
  );
  expect(parseListing(text, date)).toEqual({
    objects: [
      { key: 'status/a:i-1.json', etag: '"e"', ageMs: 60_000 },
      { key: 'status/b.json', etag: '"e"', ageMs: 60_000 },
    ],
    next: null,
  });
});

test('the next page is asked for by its token, as it was before it was escaped', () => {
  const text = listing('<NextContinuationToken>a&amp;b&#43;&#x3D;&lt;&unknown;</NextContinuationToken>');
  expect(parseListing(text, date)?.next).toBe('a&b+=<&unknown;');
});

test('a key cannot break out of its place', () => {
  const text = listing(object('status/&lt;/Key&gt;&lt;/Contents&gt;.json'));
  expect(parseListing(text, date)?.objects.map(({ key }) => key)).toEqual(['status/</Key></Contents>.json']);
});

test.each([
  ['nothing', ''],
  ['a page of something else', '<html></html>'],
  ['an error', '<Error><Code>AccessDenied</Code></Error>'],
  ['a listing that is cut', listing(object('status/a.json')).slice(0, -5)],
])('%s is no listing', (_what, text) => {
  expect(parseListing(text, date)).toBeNull();
});

test('an object without what is needed is left out, and a page has no more than S3 gives', () => {
  expect(parseListing(listing('<Contents><Key>a</Key></Contents>'), date)?.objects).toEqual([]);
  expect(parseListing(listing(object('a').repeat(1_500)), date)?.objects).toHaveLength(1_000);
});
