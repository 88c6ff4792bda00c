/** Steady requests on connections that are kept alive, with every failure counted. */
import { Agent, request } from 'node:http';

export interface LoadResult {
  readonly requests: number;
  /** What went wrong, by kind: `GET ECONNRESET`. */
  readonly failed: Readonly<Record<string, number>>;
  readonly connections: number;
  /** Answers by their text. */
  readonly answers: Readonly<Record<string, number>>;
}

export interface Load {
  readonly requests: () => number;
  /** Texts of the answers since the last call. */
  stop(): Promise<LoadResult>;
}

export interface LoadProps {
  readonly port: number;
  readonly workers: number;
  /** Taken in turn. */
  readonly methods: readonly string[];
  readonly path?: string;
  /** Between an answer and the next request of a connection, at random up to that. Default: none. */
  readonly thinkMs?: number;
}

export function startLoad({ port, workers, methods, path = '/', thinkMs = 0 }: LoadProps): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: workers });
  const failed: Record<string, number> = {};
  const answers: Record<string, number> = {};
  let requests = 0;
  let connections = 0;
  const stopping = new AbortController();

  const work = async () => {
    while (!stopping.signal.aborted) {
      const method = methods[requests % methods.length] ?? 'GET';
      requests += 1;
      const outcome = await once({ port, agent, method, path }, () => (connections += 1));
      if (outcome.ok) answers[outcome.text] = (answers[outcome.text] ?? 0) + 1;
      else {
        failed[`${method} ${outcome.text}`] = (failed[`${method} ${outcome.text}`] ?? 0) + 1;
        // A load that only fails must leave time for the test to end.
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      if (thinkMs > 0) await new Promise((resolve) => setTimeout(resolve, Math.random() * thinkMs));
    }
  };
  const working = Promise.all(Array.from({ length: workers }, work));
  return {
    requests: () => requests,
    async stop() {
      stopping.abort();
      await working;
      agent.destroy();
      return { requests, failed, connections, answers };
    },
  };
}

interface Call {
  readonly port: number;
  readonly agent: Agent | false;
  readonly method: string;
  readonly path: string;
  readonly body?: string;
}

/** One request; never rejects. */
export function once(
  { port, agent, method, path, body = method === 'POST' ? 'body' : '' }: Call,
  onConnection: () => void = () => undefined,
): Promise<{ readonly ok: boolean; readonly status: number; readonly text: string }> {
  return new Promise((resolve) => {
    const fail = (text: string) => resolve({ ok: false, status: 0, text });
    const call = request({ host: '127.0.0.1', port, agent, method, path }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.once('error', (error) => fail(error.message));
      response.once('end', () => {
        const status = response.statusCode ?? 0;
        resolve(status < 400 ? { ok: true, status, text } : { ok: false, status, text: String(status) });
      });
    });
    call.once('socket', (socket) => {
      if (socket.connecting) onConnection();
    });
    call.once('error', (error) => fail(error.message));
    call.end(body);
  });
}
