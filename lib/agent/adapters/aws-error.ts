/** What an AWS service answered instead of what was asked for, or why it could not be asked. */

export interface AwsErrorFacts {
  /** AWS' own word for it, as `NoSuchKey`; empty where it said none. */
  readonly awsCode: string;
  /** HTTP status of the answer; undefined: there was none. */
  readonly status?: number | undefined;
  /** Milliseconds since 1970 by the clock of the service; NaN: it did not say. */
  readonly serverTime?: number;
  readonly cause?: unknown;
}

export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly awsCode: string;
  readonly status: number | undefined;
  readonly serverTime: number;

  constructor(message: string, { awsCode, status, serverTime = Number.NaN, cause }: AwsErrorFacts) {
    super(message, cause === undefined ? undefined : { cause });
    this.awsCode = awsCode;
    this.status = status;
    this.serverTime = serverTime;
  }
}

/** Of JSON services `{"__type":"com.amazonaws.ssm#ParameterNotFound","message":…}`, of the others `<Code>` and `<Message>` in XML. */
export function parseAwsError(
  text: string,
  answer: { readonly status: number; readonly serverTime: number },
): AwsError {
  const { code, message } = text.trimStart().startsWith('{') ? ofJson(text) : ofXml(text);
  const awsCode = code.split('#').at(-1) ?? '';
  return new AwsError(message || `answered with status ${answer.status}`, { ...answer, awsCode });
}

function ofXml(text: string) {
  const tag = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? '';
  return { code: tag('Code'), message: tag('Message') };
}

function ofJson(text: string) {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return { code: '', message: '' };
  }
  const field = (name: string) => {
    const value: unknown = typeof said === 'object' && said !== null ? Reflect.get(said, name) : undefined;
    return typeof value === 'string' ? value : '';
  };
  return { code: field('__type'), message: field('message') || field('Message') };
}
