import { createJsonLog } from '../../../lib/agent/adapters/json-log.ts';

function logged(fields: Readonly<Record<string, unknown>>): unknown {
  const lines: string[] = [];
  createJsonLog({ write: (line) => lines.push(line) }).write('info', 'step', fields);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[^\n]+\n$/);
  return JSON.parse(lines[0] ?? '');
}

describe('the log', () => {
  it('is one JSON line with time, level and message', () => {
    expect(logged({ phase: 'staging' })).toEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      level: 'info',
      message: 'step',
      phase: 'staging',
    });
  });

  it('cannot be told another message or level by its fields', () => {
    expect(logged({ message: 'forged', level: 'error' })).toMatchObject({ message: 'step', level: 'info' });
  });

  it('cuts long texts, long lists and deep values', () => {
    const deep = { a: { b: { c: { d: { e: 1 } } } } };
    const line = JSON.stringify(
      logged({ text: 'x'.repeat(100_000), list: Array.from({ length: 1_000 }, () => 'y'), deep }),
    );
    expect(line.length).toBeLessThan(4_000);
  });

  it('shows an error with its code and its cause, without its stack', () => {
    const cause = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    const error = new Error('write failed', { cause });
    expect(logged({ error })).toMatchObject({ error: { message: 'write failed', cause: { code: 'ENOSPC' } } });
    expect(JSON.stringify(logged({ error }))).not.toContain('json-log.test');
  });

  it('never throws', () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    expect(logged({ circular, big: 1n, date: new Date(Number.NaN) })).toMatchObject({ big: '1' });
    const broken = createJsonLog({
      write: () => {
        throw new Error('the pipe is closed');
      },
    });
    expect(() => broken.write('error', 'step')).not.toThrow();
  });
});
