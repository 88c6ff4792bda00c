import type { Rejection } from '../../lib/contract/host-status.ts';
import { describeRejection } from '../../lib/rehearsal/describe-rejection.ts';

function rejection(reason: Rejection['reason'], detail: string): Rejection {
  const digest = 'a'.repeat(64);
  return { revision: digest, release: digest, generation: 1, reason, detail, at: '2026-11-23T12:00:00Z' };
}

test.each([
  ['nothing listens', 'not healthy within 3000 ms: nothing listens on port 22405', /PORT/],
  ['no health page', 'not healthy within 3000 ms: GET /health answered 404', /name another in package.json/],
  ['health that never passes', 'not healthy within 3000 ms: GET /health answered 503', /deadlineMs/],
  [
    'a missing package',
    "exited with code 1\nError: Cannot find package 'x' imported from y",
    /list it under dependencies/,
  ],
  [
    'native code that was not built',
    "exited with code 1\nError: Cannot find module './build/Release/x.node'",
    /prebuilt/,
  ],
])('%s: what to do is said', (_, detail, todo) => {
  expect(describeRejection(rejection('unhealthy', detail)).todo).toMatch(todo);
});

test('of a stack trace, the line with the error is shown', () => {
  const detail =
    'exited with code 1\n/app/a.js:1\nthrow new Error()\n^\n\nError: no database\n    at a.js:1\n\nNode.js v26';
  expect(describeRejection(rejection('exited', detail)).wrong).toBe(
    'the host refused it (exited): exited with code 1: Error: no database',
  );
});
