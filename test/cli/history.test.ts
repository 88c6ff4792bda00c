import { plain } from '../../lib/cli/render/paint.ts';
import { renderHistory } from '../../lib/cli/render/history.ts';
import { at, historyEntry, nowMs, oldRelease } from './builders.ts';

test('the newest first, each with its end, and why where it did not end well', () => {
  const entries = [
    { ...historyEntry, generation: 14, outcome: 'unknown' as const, seconds: null, writtenAt: at(1) },
    {
      ...historyEntry,
      generation: 13,
      outcome: 'rejected' as const,
      seconds: 75,
      writtenAt: at(100),
      by: 'a-workflow-with-a-long-name',
      detail: 'i-0f1e2d3c4b5a69788: unhealthy: GET /health answered 500 for 60 s\nmore',
    },
    historyEntry,
    { ...historyEntry, generation: 3, release: oldRelease, writtenAt: at(400_000), outcome: 'superseded' as const },
  ];
  expect(renderHistory({ name: 'dev', entries, nowMs }, plain)).toMatchInlineSnapshot(`
   " GEN  COMMIT        RELEASE       WRITTEN    TOOK        OUTCOME      BY
     14  c0ffeec0ffee  9f8e7d6c5b4a  now        -           ? unknown    Ada Lovel…
     13  c0ffeec0ffee  9f8e7d6c5b4a  1 min ago  1 min 15 s  ✗ rejected   a-workflo…
         i-0f1e2d3c4b5a69788: unhealthy: GET /health answered 500 for 60 s
     12  c0ffeec0ffee  9f8e7d6c5b4a  3 min ago  12 s        ✓ confirmed  Ada Lovel…
      3  c0ffeec0ffee  0123456789ab  4 d ago    12 s        » superseded Ada Lovel…
   "
  `);
});

test('nothing deployed: it says how to begin', () => {
  expect(renderHistory({ name: 'dev', entries: [], nowMs }, plain)).toMatchInlineSnapshot(`
   "Nothing was deployed to dev yet.
     → slipway deploy --environment dev
   "
  `);
});
