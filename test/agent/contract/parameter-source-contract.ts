/** What every source of parameters promises. */
import type { ParameterSource } from '../../../lib/agent/ports.ts';

const signal = () => AbortSignal.timeout(10_000);

export interface ParameterSourceSubject {
  readonly parameters: ParameterSource;
  /** Writes version 1 of a new parameter. */
  readonly put: (name: string, value: string) => Promise<void>;
}

export function parameterSourceContract(name: string, makeSubject: () => Promise<ParameterSourceSubject>): void {
  describe(`parameters of ${name}`, () => {
    it('gives the value of one version, with its size in bytes', async () => {
      const { parameters, put } = await makeSubject();
      await put('/hello/dev/config', '{"A":"1"}');
      expect(await parameters.read('/hello/dev/config', 1, signal())).toEqual({
        kind: 'fetched',
        value: '{"A":"1"}',
        bytes: 9,
      });
    });

    it('refuses a version or a parameter that is not there', async () => {
      const { parameters, put } = await makeSubject();
      await put('/hello/dev/other', 'x');
      const refused = { kind: 'refused', reason: 'config-unreadable' };
      expect(await parameters.read('/hello/dev/other', 7, signal())).toMatchObject(refused);
      expect(await parameters.read('/hello/dev/none', 1, signal())).toMatchObject(refused);
    });
  });
}
