/** Parses JSON that holds secrets: what is wrong with it is told by the names of its fields, never by what stands there. */
import * as v from 'valibot';

/** Throws an `Error` that is fit for a log. */
export function parseSecretDocument<const S extends v.GenericSchema<unknown, unknown>>(
  schema: S,
  text: string,
): v.InferOutput<S> {
  const result = v.safeParse(schema, jsonOf(text));
  if (result.success) return result.output;
  const fields = result.issues.map((issue) => v.getDotPath(issue) ?? 'all of it');
  throw new Error(`the answer lacks, or has in another form: ${fields.join(', ')}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message shows a piece of the text.
    throw new Error('the answer is not JSON');
  }
}
