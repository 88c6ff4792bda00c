/** Reads one version of an SSM parameter, decrypted. */
import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { ParameterSource, Refused } from '../ports.ts';
import { unavailable } from './aws-failure.ts';
import { errorName } from './error-facts.ts';

const notThere = new Set(['ParameterNotFound', 'ParameterVersionNotFound', 'InvalidKeyId', 'ValidationException']);

export function createSsmParameters({ client }: { readonly client: SSMClient }): ParameterSource {
  return {
    async read(name, version, signal) {
      const pinned = `${name}:${version}`;
      try {
        const command = new GetParameterCommand({ Name: pinned, WithDecryption: true });
        const { Parameter } = await client.send(command, { abortSignal: signal });
        const value = Parameter?.Value;
        if (value === undefined) return refused(`read parameter ${pinned}: it has no value`);
        if (Parameter?.Version !== version) {
          return refused(`read parameter ${pinned}: got version ${String(Parameter?.Version)}`);
        }
        return { kind: 'fetched', value, bytes: Buffer.byteLength(value) };
      } catch (error) {
        if (notThere.has(errorName(error))) {
          return refused(`read parameter ${pinned}: ${errorName(error)}; write that version, or pin another`);
        }
        return unavailable(`read parameter ${pinned}`, error);
      }
    },
  };
}

function refused(detail: string): Refused {
  return { kind: 'refused', reason: 'config-unreadable', detail };
}
