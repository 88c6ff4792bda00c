import { describeEnd, describeStartFailure, parseUnit } from '../../../lib/agent/adapters/systemd-unit.ts';
import { argumentsVariable, environmentFile, unsuitedVariable } from '../../../lib/agent/adapters/unit-environment.ts';

const unit = (change: Record<string, string | number>) =>
  parseUnit(
    Object.entries({
      MainPID: 0,
      Result: 'success',
      ExecMainCode: 0,
      ExecMainStatus: 0,
      MemoryMax: 'infinity',
      ...change,
    })
      .map(([name, value]) => `${name}=${value}`)
      .join('\n'),
  );

describe('the end of a unit, in words', () => {
  test.each([
    [{ ExecMainCode: 1, ExecMainStatus: 3 }, 'exited with code 3'],
    [{}, 'exited with code 0, or by SIGTERM'],
    [{ ExecMainCode: 2, ExecMainStatus: 6, Result: 'signal' }, 'ended by SIGABRT'],
    [{ ExecMainCode: 3, ExecMainStatus: 11, Result: 'core-dump' }, 'ended by SIGSEGV'],
    [
      { ExecMainCode: 2, ExecMainStatus: 9, Result: 'signal', MemoryMax: 209715200 },
      'ended by SIGKILL; its memory limit of 200 MiB may have done that',
    ],
    [
      { ExecMainCode: 2, ExecMainStatus: 9, Result: 'oom-kill', MemoryMax: 209715200 },
      'killed for using more memory than its limit of 200 MiB',
    ],
    [{ Result: 'oom-kill' }, 'killed for using more memory than its limit'],
  ])('%j: %s', (change, words) => {
    expect(describeEnd(unit(change))).toBe(words);
  });

  test.each([
    [203, /Node\.js cannot be executed/],
    [226, /is not there/],
    [200, /cannot be entered/],
  ])('code %d of systemd blames what was to be started', (status, words) => {
    expect(describeStartFailure(unit({ ExecMainCode: 1, ExecMainStatus: status, Result: 'exit-code' }))).toMatch(words);
  });

  test('another code, or none, blames nothing of the release', () => {
    expect(describeStartFailure(unit({ ExecMainCode: 1, ExecMainStatus: 217 }))).toBeNull();
    expect(describeStartFailure(unit({ Result: 'resources' }))).toBeNull();
  });

  test('what systemd does not say is nothing', () => {
    expect(parseUnit('')).toEqual({
      mainPid: 0,
      invocation: '',
      result: '',
      exit: { by: 'none', value: 0 },
      memoryMax: '',
    });
  });
});

describe('the environment of a unit', () => {
  test('stands one variable a line, quoted', () => {
    expect(environmentFile({ A: 'plain', B: 'a "b" \\ $C `d`\ne' })).toBe(
      'A="plain"\nB="a \\"b\\" \\\\ \\$C \\`d\\`\ne"\n',
    );
  });

  test('has the arguments in one variable, each in quotes', () => {
    expect(argumentsVariable(['server.js', 'a b', '"\\'])).toBe('"server.js" "a b" "\\"\\\\"');
  });

  test.each([
    ['a\rb', 'U+000D'],
    ['\u0000', 'U+0000'],
    ['\u001B[0m', 'U+001B'],
    ['\u007F', 'U+007F'],
    ['\uFFFF', 'U+FFFF'],
    ['\uD800', 'U+D800'],
  ])('%j is refused, by the name of the variable', (value, code) => {
    expect(unsuitedVariable({ FINE: 'a\n\tb', KEY: value })).toContain(`KEY holds the character ${code}`);
  });

  test('all else is fine', () => {
    expect(unsuitedVariable({ A: '', B: 'é 🙂 "\'\\$%`\n\t' })).toBeNull();
  });
});
