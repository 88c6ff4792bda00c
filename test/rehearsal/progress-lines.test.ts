import { progressLine } from '../../lib/rehearsal/progress-lines.ts';

const names = new Map([['i-0123456789abcdef0', 'a']]);

test.each([
  ['a machine is called by its name', 'i-0123456789abcdef0 soaking: deploying', 'host a soaking'],
  ['one that is not known keeps its id', 'i-0123456789abcdef9 soaking: deploying', 'i-0123456789abcdef9 soaking'],
  ['only the first line is told', 'rejected: exited\nat x.js:1', 'rejected: exited'],
  ['what is there already is not told', 'runtime is there already', null],
  ['a stack without changes is not told', '✅  dev/Store (hello-dev-store) (no changes)', null],
])('%s', (_, message, line) => {
  expect(progressLine(message, names)).toBe(line);
});
