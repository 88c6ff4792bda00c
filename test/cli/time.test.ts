import { ago, duration } from '../../lib/cli/render/time.ts';

test.each([
  [0.04, '0.0 s'],
  [9.94, '9.9 s'],
  [12.4, '12 s'],
  [59.6, '1 min 0 s'],
  [125, '2 min 5 s'],
  [12_000, '3 h 20 min'],
])('%d seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test.each([
  [-5, 'now'],
  [1, 'now'],
  [89, '89 s ago'],
  [90, '1 min ago'],
  [600, '10 min ago'],
  [40_000, '11 h ago'],
  [400_000, '4 d ago'],
])('%d seconds back is %s', (seconds, text) => {
  expect(ago(new Date(1_000_000_000 - seconds * 1_000), 1_000_000_000)).toBe(text);
});
