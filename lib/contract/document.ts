/** Turns bytes from outside into a typed document, or into one error that names every field that is wrong. */
import * as v from 'valibot';

export type ContractErrorCode = 'too-large' | 'not-json' | 'invalid';

/** One wrong field: where it is (`rollout.waves.0`), and what is wrong with it, the value included. */
export interface FieldProblem {
  readonly field: string;
  readonly problem: string;
}

/** A document from outside does not keep to its contract. `problems` holds all that is wrong with it, not the first only. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
  readonly code: ContractErrorCode;
  readonly problems: readonly FieldProblem[];

  constructor(code: ContractErrorCode, document: string, problems: readonly FieldProblem[], options?: ErrorOptions) {
    super(
      `${document}: ${problems.map(({ field, problem }) => (field ? `${field}: ${problem}` : problem)).join('; ')}`,
      options,
    );
    this.code = code;
    this.problems = problems;
  }
}

export type Schema = v.GenericSchema<unknown, unknown>;

export interface DocumentSource {
  /** What the document is called in messages: `desired state s3://bucket/desired.json`. */
  readonly name: string;
  /** Bytes; larger input is refused unread. */
  readonly maxBytes: number;
}

/** Parses JSON text by a closed schema. Throws {@link ContractError}. */
export function parseDocument<const S extends Schema>(
  schema: S,
  text: string,
  source: DocumentSource,
): v.InferOutput<S> {
  const bytes = Buffer.byteLength(text);
  if (bytes > source.maxBytes) {
    throw new ContractError('too-large', source.name, [
      { field: '', problem: `has ${bytes} bytes, at most ${source.maxBytes} are read` },
    ]);
  }
  return parseValue(schema, parseJson(text, source.name), source.name);
}

/** Checks a value that is already in memory by a closed schema. Throws {@link ContractError}. */
export function parseValue<const S extends Schema>(schema: S, value: unknown, name: string): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw new ContractError('invalid', name, result.issues.map(describe));
}

/** All that is wrong with a value that is already in memory; an empty list: nothing. */
export function problemsOf(schema: Schema, value: unknown): readonly FieldProblem[] {
  const { issues = [] } = v.safeParse(schema, value);
  return issues.map(describe);
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ContractError('not-json', name, [{ field: '', problem: 'is not JSON' }], { cause });
  }
}

function describe(issue: v.BaseIssue<unknown>): FieldProblem {
  return { field: v.getDotPath(issue) ?? '', problem: `${issue.message} (got ${show(issue.input)})` };
}

/** A value as a message shows it: at most 80 characters, control characters escaped. */
function show(value: unknown): string {
  // Undefined for what JSON cannot hold, such as the method that an array has in place of a missing field.
  const json: string | undefined = JSON.stringify(value);
  const text = json ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
