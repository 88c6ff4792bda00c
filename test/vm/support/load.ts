/** The load of the test machines: kept connections with requests of every kind, beside WebSockets and event streams that stay open. */
import { type Failure, type Question, startLoad } from '../../support/http-load.ts';
import { holdOpen, type LongLived } from './long-lived.ts';

export interface Traffic {
  /** What was sent and what failed since the last call. */
  lap(): Lap;
  /** Sent so far. */
  requests(): number;
  longLived(): readonly LongLived[];
  /** Requests that may be sent twice take the place of those that may not: a crash loses what is on its way of the others, whoever stands before it. */
  only(kind: 'all' | 'idempotent'): void;
  stop(): Promise<Lap>;
}

export interface Lap {
  readonly requests: number;
  /** In its order. Long-lived connections that could not be opened or fell silent are among them; those that ended are not. */
  readonly failures: readonly Failure[];
}

export interface TrafficProps {
  readonly port: number;
  /** Kept connections. Default: 64. */
  readonly connections?: number;
  /** Default: 8 of each. */
  readonly webSockets?: number;
  readonly events?: number;
}

/** 64 clients that pause for that long at most send about 350 requests a second. */
const thinkMs = 250;

export function startTraffic({ port, connections = 64, webSockets = 8, events = 8 }: TrafficProps): Traffic {
  let isIdempotent = false;
  const question = (n: number): Question => questionOf(n, isIdempotent);
  const load = startLoad({ port, workers: connections, thinkMs, maxRequests: 500_000, question });
  const open = holdOpen({ port, webSockets, events });
  let seen = { requests: 0, failures: 0, openFailures: 0 };
  const lap = (): Lap => {
    const [failures, openFailures, requests] = [load.failures(), open.failures(), load.requests()];
    const fresh = [...failures.slice(seen.failures), ...openFailures.slice(seen.openFailures)];
    const result = { requests: requests - seen.requests, failures: fresh.sort((a, b) => a.at - b.at) };
    seen = { requests, failures: failures.length, openFailures: openFailures.length };
    return result;
  };
  return {
    lap,
    requests: () => load.requests(),
    longLived: () => open.connections(),
    only: (kind) => (isIdempotent = kind === 'idempotent'),
    async stop() {
      await Promise.all([load.stop(), open.stop()]);
      return lap();
    },
  };
}

/** Of thirty requests ten have a body, three are slow. Each answer names its request. */
function questionOf(n: number, isIdempotent: boolean): Question {
  const mark = `request ${n}`;
  if (n % 3 === 1) return { method: isIdempotent ? 'PUT' : 'POST', path: '/echo', body: mark, expected: mark };
  const path = n % 10 === 0 ? '/slow' : '/ask';
  return { method: 'GET', path, headers: { 'x-ask': mark }, expected: mark };
}
