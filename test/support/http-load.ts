/** Steady requests on connections that are kept alive, with every failure counted. */
import { Agent, request } from 'node:http';

export interface LoadResult {
  readonly requests: number;
  /** What went wrong, by kind: `GET ECONNRESET`. */
  readonly failed: Readonly<Record<string, number>>;
  /** The first of them, with their time. */
  readonly failures: readonly Failure[];
  readonly connections: number;
  /** Answers by their text. */
  readonly answers: Readonly<Record<string, number>>;
}

export interface Failure {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly what: string;
}

export interface Load {
  readonly requests: () => number;
  readonly failures: () => readonly Failure[];
  stop(): Promise<LoadResult>;
}

export interface Question {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An answer with another text belongs to another request, and counts as failed. */
  readonly expected?: string;
}

export interface LoadProps {
  readonly port: number;
  readonly workers: number;
  /** Taken in turn. */
  readonly methods?: readonly string[];
  readonly path?: string;
  /** In place of methods and path: the n-th request. */
  readonly question?: (n: number) => Question;
  /** Between an answer and the next request of a connection, at random up to that. Default: none. */
  readonly thinkMs?: number;
  /** After so many requests it sends no more. Default: 5 million. */
  readonly maxRequests?: number;
}

const maxFailuresKept = 100;
const maxAnswersKept = 20;

export function startLoad({ port, workers, thinkMs = 0, maxRequests = 5_000_000, ...props }: LoadProps): Load {
  const { methods = ['GET'], path = '/' } = props;
  const question =
    props.question ?? ((n: number): Question => ({ method: methods[n % methods.length] ?? 'GET', path }));
  const agent = new Agent({ keepAlive: true, maxSockets: workers });
  const failed: Record<string, number> = {};
  const failures: Failure[] = [];
  const answers: Record<string, number> = {};
  let requests = 0;
  let connections = 0;
  const stopping = new AbortController();
  const note = (kind: string): void => {
    failed[kind] = (failed[kind] ?? 0) + 1;
    if (failures.length < maxFailuresKept) failures.push({ at: Date.now(), what: kind });
  };

  const work = async () => {
    while (!stopping.signal.aborted && requests < maxRequests) {
      const asked = question(requests);
      requests += 1;
      const outcome = await once({ port, agent, ...asked }, () => (connections += 1));
      const isWrong = asked.expected !== undefined && outcome.ok && outcome.text !== asked.expected;
      if (outcome.ok && !isWrong) count(answers, outcome.text);
      else {
        note(`${asked.method} ${isWrong ? 'the answer of another request' : outcome.text}`);
        // A load that only fails must leave time for the test to end.
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      if (thinkMs > 0) await new Promise((resolve) => setTimeout(resolve, Math.random() * thinkMs));
    }
  };
  const working = Promise.all(Array.from({ length: workers }, work));
  return {
    requests: () => requests,
    failures: () => failures,
    async stop() {
      stopping.abort();
      await working;
      agent.destroy();
      return { requests, failed, failures, connections, answers };
    },
  };
}

/** Texts that are all different are not kept. */
function count(answers: Record<string, number>, text: string): void {
  if (text in answers || Object.keys(answers).length < maxAnswersKept) answers[text] = (answers[text] ?? 0) + 1;
}

interface Call extends Question {
  readonly port: number;
  readonly agent: Agent | false;
}

const timeoutMs = 30_000;

/** One request; never rejects. */
export function once(
  { port, agent, method, path, headers = {}, body = method === 'POST' ? 'body' : '' }: Call,
  onConnection: () => void = () => undefined,
): Promise<{ readonly ok: boolean; readonly status: number; readonly text: string }> {
  return new Promise((resolve) => {
    const fail = (text: string) => resolve({ ok: false, status: 0, text });
    const options = { host: '127.0.0.1', port, agent, method, path, headers, timeout: timeoutMs };
    const call = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.once('error', (error) => fail(error.message));
      response.once('end', () => {
        const status = response.statusCode ?? 0;
        resolve(
          status < 400 ? { ok: true, status, text } : { ok: false, status, text: `${status} ${text.slice(0, 120)}` },
        );
      });
    });
    call.once('timeout', () => call.destroy(new Error(`no answer in ${timeoutMs / 1_000} s`)));
    call.once('socket', (socket) => {
      if (socket.connecting) onConnection();
    });
    call.once('error', (error) => fail(error.message));
    call.end(body);
  });
}
