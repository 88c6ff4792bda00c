import { plain } from '../../lib/cli/render/paint.ts';
import { createReporter } from '../../lib/cli/reporter.ts';
import { together } from '../../lib/cli/together.ts';
import { watch } from '../../lib/cli/watch.ts';

function recorder(isTerminal = false) {
  const written: string[] = [];
  return { written, output: { write: (text: string) => void written.push(text), isTerminal } };
}

/** One look after the other; after the last, Ctrl-C. */
function sights(states: readonly string[], stop: AbortController) {
  const left = [...states];
  return async () => {
    const state = left.shift() ?? '';
    if (left.length === 0) stop.abort();
    return Promise.resolve({ text: `${state}\n`, state });
  };
}

describe('progress', () => {
  const times = [0, 0, 1_500];
  const clock = (): (() => number) => {
    const left = [...times];
    return () => left.shift() ?? 2_000;
  };
  const event = { step: 'build', message: 'packing\u001b[2J', fields: { bytes: 3 } } as const;

  test('a line for people: seconds, step, message, and no control character', () => {
    const { written, output } = recorder();
    createReporter({ output, isJson: false, paint: plain, now: () => 0 })(event);
    expect(written).toEqual(['   0.0 s  build    packing[2J\n']);
  });

  test('a JSON line for machines', () => {
    const { written, output } = recorder();
    const report = createReporter({ output, isJson: true, paint: plain, now: clock() });
    report(event);
    report({ step: 'wait', message: 'i-1 converged' });
    expect(written.map((line): unknown => JSON.parse(line))).toEqual([
      { at: '1970-01-01T00:00:00.000Z', step: 'build', message: 'packing\u001b[2J', fields: { bytes: 3 } },
      { at: '1970-01-01T00:00:01.500Z', step: 'wait', message: 'i-1 converged', fields: {} },
    ]);
    expect(written.every((line) => line.endsWith('\n') && !line.slice(0, -1).includes('\n'))).toBe(true);
  });
});

describe('two pieces of work at once', () => {
  const signal = new AbortController().signal;

  test('give both results', async () => {
    const both = await together(
      signal,
      async () => Promise.resolve(1),
      async () => Promise.resolve('b'),
    );
    expect(both).toEqual([1, 'b']);
  });

  test('when one fails the other is stopped and waited for, and the failure is told', async () => {
    let isStopped = false;
    const endless = async (own: AbortSignal): Promise<void> =>
      new Promise((_resolve, reject) => {
        own.addEventListener('abort', () => {
          isStopped = true;
          reject(new Error('stopped'));
        });
      });
    await expect(together(signal, endless, async () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(isStopped).toBe(true);
  });
});

describe('watching', () => {
  test('in a log a line comes only when something has changed; Ctrl-C ends it without an error', async () => {
    const stop = new AbortController();
    const { written, output } = recorder();
    const options = { output, isPicture: false, intervalMs: 1, signal: stop.signal };
    await watch(sights(['a', 'a', 'b', 'b'], stop), options);
    expect(written).toEqual(['a\n', 'b\n']);
  });

  test('on a terminal it is drawn in place each time', async () => {
    const stop = new AbortController();
    const { written, output } = recorder(true);
    await watch(sights(['a', 'a'], stop), { output, isPicture: true, intervalMs: 1, signal: stop.signal });
    expect(written).toEqual(['\u001b[H\u001b[2J\u001b[3Ja\n', '\u001b[H\u001b[2J\u001b[3Ja\n']);
  });

  test('what goes wrong while it looks is told', async () => {
    const { output } = recorder();
    const options = { output, isPicture: false, intervalMs: 1, signal: new AbortController().signal };
    await expect(watch(async () => Promise.reject(new Error('no store')), options)).rejects.toThrow('no store');
  });
});
