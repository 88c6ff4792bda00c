/** The load sees what fails: against the service itself, without a machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePorts } from '../support/free-ports.ts';
import { until } from '../support/until.ts';
import { startTraffic, type Traffic } from './support/load.ts';

let service: ChildProcess;
let traffic: Traffic;
let port = 0;

async function serve(environment: Readonly<Record<string, string>> = {}): Promise<void> {
  service = spawn(process.execPath, ['server.js'], {
    cwd: join(__dirname, 'service'),
    env: { PORT: String(port), HOST: '127.0.0.1', SLIPWAY_RELEASE: 'one', ...environment },
    stdio: 'inherit',
  });
  await until('the service', () =>
    fetch(`http://127.0.0.1:${port}/health`).then(
      () => true,
      () => false,
    ),
  );
}

beforeEach(async () => {
  [port = 0] = await freePorts(1);
});
afterEach(async () => {
  await traffic.stop();
  if (service.exitCode === null && service.signalCode === null) {
    service.kill('SIGKILL');
    await once(service, 'exit');
  }
});

const allOpen = () => traffic.longLived().filter(({ end }) => end === null).length === 16;

test('a service that is well answers all of it, and keeps what is long-lived open', async () => {
  await serve();
  traffic = startTraffic({ port });
  await until('requests and connections', () => allOpen() && traffic.longLived().length === 16);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const lap = traffic.lap();
  expect(lap.failures).toEqual([]);
  expect(lap.requests).toBeGreaterThan(300);
  expect(traffic.longLived().every(({ end }) => end === null)).toBe(true);
});

test('an orderly end of the service is told from a cut, and both are seen', async () => {
  await serve();
  traffic = startTraffic({ port });
  await until('connections', allOpen);
  service.kill('SIGTERM');
  await once(service, 'exit');
  await until('the ends', () => traffic.longLived().every(({ end }) => end !== null));
  expect(traffic.longLived().map(({ end }) => end?.isOrderly)).toEqual(Array.from({ length: 16 }, () => true));
  await until('failures', () => traffic.lap().failures.length > 0);
  await serve();
  await until('connections', allOpen);
  const before = traffic.longLived().length;
  service.kill('SIGKILL');
  await until('the ends', () => traffic.longLived().every(({ end }) => end !== null));
  expect(
    traffic
      .longLived()
      .slice(before - 16)
      .some(({ end }) => end?.isOrderly),
  ).toBe(false);
  expect(traffic.lap().failures.length).toBeGreaterThan(0);
});

test('a service that answers 500 fails each request', async () => {
  await serve({ FAULT: 'errors' });
  traffic = startTraffic({ port, webSockets: 0, events: 0 });
  await until('requests', () => traffic.requests() > 60);
  const { requests, failures } = await traffic.stop();
  expect(failures).toHaveLength(Math.min(requests, 100));
  expect(new Set(failures.map(({ what }) => what))).toEqual(new Set(['GET 500 broken', 'POST 500 broken']));
});
