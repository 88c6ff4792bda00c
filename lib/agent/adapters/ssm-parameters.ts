/** Reads one version of an SSM parameter, decrypted. */
import * as v from 'valibot';
import type { Fetched, ParameterSource, Refused } from '../ports.ts';
import { type AwsClient, readBody } from './aws-client.ts';
import { awsCode, unavailable } from './aws-failure.ts';
import { parseSecretDocument } from './aws-secret-document.ts';

const notThere = new Set(['ParameterNotFound', 'ParameterVersionNotFound', 'InvalidKeyId', 'ValidationException']);
/** A value has 8 KB at most; what stands around it is small. */
const maxBytes = 64 * 1024;
const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.GetParameter' };

/** AWS may add fields. */
const answerSchema = v.object({
  Parameter: v.object({ Value: v.optional(v.unknown()), Version: v.optional(v.unknown()) }),
});

export function createSsmParameters({ client }: { readonly client: AwsClient }): ParameterSource {
  return {
    async read(name, version, signal) {
      const pinned = `${name}:${version}`;
      try {
        const body = JSON.stringify({ Name: pinned, WithDecryption: true });
        const answer = await client.send('ssm', { method: 'POST', headers, body }, signal);
        const read = await readBody(answer, maxBytes, signal);
        return read.kind === 'text'
          ? interpret(read.text, pinned, version)
          : refused(`read parameter ${pinned}: the answer has more than ${maxBytes} bytes`);
      } catch (error) {
        const code = awsCode(error);
        if (!notThere.has(code)) return unavailable(`read parameter ${pinned}`, error);
        return refused(`read parameter ${pinned}: ${code}; write that version, or pin another`);
      }
    },
  };
}

function interpret(text: string, pinned: string, version: number): Fetched<string> {
  const { Parameter } = parseSecretDocument(answerSchema, text);
  if (typeof Parameter.Value !== 'string') return refused(`read parameter ${pinned}: it has no value`);
  if (Parameter.Version !== version) {
    return refused(`read parameter ${pinned}: got version ${String(Parameter.Version)}`);
  }
  return { kind: 'fetched', value: Parameter.Value, bytes: Buffer.byteLength(Parameter.Value) };
}

function refused(detail: string): Refused {
  return { kind: 'refused', reason: 'config-unreadable', detail };
}
