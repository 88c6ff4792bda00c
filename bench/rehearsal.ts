/**
 * How soon all new requests are on a new release, from the desired state being written: the median of five changes of the example
 * service under load, in a rehearsal. Fails above the start of the app, its health checks included, + 3 s.
 */
import { join } from 'node:path';
import { environments, service } from '../environments/index.ts';
import { rehearse } from '../lib/rehearsal/rehearse.ts';

const rounds = 5;
const allowedSeconds = 3;

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Infinity;

async function main(): Promise<void> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('stopped')));
  const { steps, isGood } = await rehearse({
    repository: join(__dirname, '..'),
    service,
    environment: environments.dev,
    serviceDirectory: null,
    stays: false,
    port: null,
    proxy: null,
    jsonFile: null,
    steps: ['first-deploy', ...Array.from({ length: rounds }, () => 'good-change' as const)],
    variables: process.env,
    write: (line) => console.error(line),
    signal: stop.signal,
  });
  const changes = steps.filter(({ step }) => step === 'good-change');
  const hosts = median(changes.map(({ figures }) => figures.writtenToServingSeconds ?? Infinity));
  const answers = median(changes.map(({ figures }) => figures.writtenToAnswersSeconds ?? Infinity));
  const start = median(changes.map(({ figures }) => figures.appStartSeconds ?? Infinity));
  console.log(`written -> all hosts serve it, by their reports   ${hosts.toFixed(2)} s`);
  console.log(`written -> all new requests on it, by the answers ${answers.toFixed(2)} s`);
  console.log(`app start, health checks included                 ${start.toFixed(2)} s`);
  const isKept = isGood && changes.length === rounds && Math.max(hosts, answers) <= start + allowedSeconds;
  console.log(isKept ? `within app start + ${allowedSeconds} s` : `not within app start + ${allowedSeconds} s`);
  if (!isKept) process.exitCode = 1;
}

void main();
