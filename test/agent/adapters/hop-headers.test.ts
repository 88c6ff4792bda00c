import { endToEnd, toHeaderRecord, withForwarded } from '../../../lib/agent/adapters/hop-headers.ts';

describe('headers through the built-in proxy', () => {
  it('lose what speaks of one connection only, named or known', () => {
    const raw = [
      'Host',
      'a',
      'Connection',
      'close, X-Mine',
      'X-Mine',
      '1',
      'Keep-Alive',
      'timeout=5',
      'TE',
      'trailers',
      'X-Yours',
      '2',
    ];
    expect(endToEnd(raw)).toEqual([
      ['Host', 'a'],
      ['X-Yours', '2'],
    ]);
  });

  it('keep what comes twice', () => {
    expect(
      toHeaderRecord([
        ['Cookie', 'a'],
        ['cookie', 'b'],
        ['Host', 'x'],
      ]),
    ).toEqual({ Cookie: ['a', 'b'], Host: 'x' });
  });

  it('say who asked only where the load balancer did not', () => {
    expect(withForwarded([], '10.0.0.1')).toEqual([
      ['X-Forwarded-For', '10.0.0.1'],
      ['X-Forwarded-Proto', 'http'],
    ]);
    const said = [
      ['x-forwarded-for', '203.0.113.9'],
      ['x-forwarded-proto', 'https'],
    ] as const;
    expect(withForwarded(said, '10.0.0.1')).toEqual(said);
  });
});
