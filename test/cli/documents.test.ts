/** The shape of what `--json` prints: scripts and the rehearsal read it. A field may come; none may go or change its kind while `schema` is 1. */
import { documentLine } from '../../lib/cli/answer.ts';
import {
  buildDocument,
  deployDocument,
  doctorDocument,
  historyDocument,
  publishDocument,
  rollbackDocument,
  statusDocument,
  waitDocument,
} from '../../lib/cli/documents.ts';
import { verdictOf } from '../../lib/cli/verdict.ts';
import { build, deployment, environmentStatus, historyEntry, hostView, nowMs, published, record } from './builders.ts';

/** `hosts[].serving.slot: string`, sorted, of a document as it is printed. */
function shapeOf(document: object): string {
  const printed: unknown = JSON.parse(documentLine('build', document));
  return [...new Set(pathsOf(printed, ''))].sort().join('\n');
}

function pathsOf(value: unknown, path: string): string[] {
  if (Array.isArray(value))
    return value.length === 0 ? [`${path}[]`] : value.flatMap((item) => pathsOf(item, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [`${path}: ${value === null ? 'null' : typeof value}`];
  return Object.entries(value).flatMap(([key, item]) => pathsOf(item, path === '' ? key : `${path}.${key}`));
}

const status = environmentStatus();
const verdict = verdictOf(status, { name: 'dev', minHosts: 1, nowMs });
const rolledBack = { from: 'a', to: 'b', tree: 'c', commit: 'd', message: 'e' };
const check = { id: 'node', ok: true, required: true, found: 'Node.js', remedy: '' };

test('build', () => {
  expect(shapeOf(buildDocument(build))).toMatchInlineSnapshot(`
   "app.sha256: string
   app.size: number
   cached: boolean
   command: string
   commit: string
   health.deadlineMs: number
   health.intervalMs: number
   health.passes: number
   health.path: string
   health.timeoutMs: number
   release: string
   runtime.cpu: string
   runtime.os: string
   runtime.sha256: string
   runtime.size: number
   runtime.version: string
   schema: number
   seconds: number
   service: string
   start[]: string
   tree: string"
  `);
});

test('publish is a build and what was sent', () => {
  const document = publishDocument('dev', 'bucket', build, published);
  expect(document).toMatchObject(buildDocument(build));
  expect(shapeOf({ ...document, ...Object.fromEntries(Object.keys(buildDocument(build)).map((key) => [key, 0])) }))
    .toMatchInlineSnapshot(`
   "app: number
   bucket: string
   cached: number
   command: string
   commit: number
   environment: string
   health: number
   published.bytes: number
   published.present: number
   published.uploaded: number
   release: number
   runtime: number
   schema: number
   seconds: number
   service: number
   start: number
   tree: number"
  `);
});

test('deploy', () => {
  expect(shapeOf(deployDocument({ environment: 'dev', deployment: deployment(), prepareSeconds: 4 })))
    .toMatchInlineSnapshot(`
   "command: string
   commit: string
   detail: string
   environment: string
   generation: number
   hosts[].ageSeconds: number
   hosts[].confirmed.at: string
   hosts[].confirmed.release: string
   hosts[].confirmed.revision: string
   hosts[].detail: string
   hosts[].generation: number
   hosts[].host: string
   hosts[].outcome: string
   hosts[].phase: string
   hosts[].reportedAt: string
   hosts[].serving.release: string
   hosts[].serving.revision: string
   hosts[].serving.since: string
   hosts[].serving.slot: string
   kind: string
   outcome: string
   published.bytes: number
   published.present: number
   published.uploaded: number
   release: string
   revision: string
   schema: number
   seconds.prepare: number
   seconds.publish: number
   seconds.stacks: number
   seconds.total: number
   seconds.wait: number
   stacks: string
   tree: string"
  `);
});

test('deploy that nobody waited for has no outcome', () => {
  const told = deployment({ kind: 'written', record: null, hosts: [] });
  const document = deployDocument({ environment: 'dev', deployment: told, prepareSeconds: 4 });
  expect(document).toMatchObject({ kind: 'written', outcome: null, detail: '', hosts: [] });
});

test('wait', () => {
  expect(shapeOf(waitDocument(record, [hostView('i-1')], 4))).toMatchInlineSnapshot(`
   "command: string
   commit: string
   detail: string
   generation: number
   hosts[].ageSeconds: number
   hosts[].confirmed.at: string
   hosts[].confirmed.release: string
   hosts[].confirmed.revision: string
   hosts[].detail: string
   hosts[].generation: number
   hosts[].host: string
   hosts[].outcome: string
   hosts[].phase: string
   hosts[].reportedAt: string
   hosts[].serving.release: string
   hosts[].serving.revision: string
   hosts[].serving.since: string
   hosts[].serving.slot: string
   outcome: string
   release: string
   revision: string
   schema: number
   seconds: number"
  `);
});

test('status', () => {
  expect(shapeOf(statusDocument({ service: 'hello', environment: 'dev' }, status, verdict))).toMatchInlineSnapshot(`
   "command: string
   desired.by: string
   desired.commit: string
   desired.config.parameter: string
   desired.config.sha256: string
   desired.config.version: number
   desired.environment: string
   desired.fallback: null
   desired.freeze: null
   desired.generation: number
   desired.release: string
   desired.retry: boolean
   desired.rollout.canaries: number
   desired.rollout.haltAfter: number
   desired.rollout.pollSeconds: number
   desired.rollout.soakSeconds: number
   desired.rollout.waves[]: number
   desired.schema: number
   desired.secrets[]
   desired.service: string
   desired.tree: string
   desired.writtenAt: string
   environment: string
   hosts[].ageSeconds: number
   hosts[].confirmed.at: string
   hosts[].confirmed.release: string
   hosts[].confirmed.revision: string
   hosts[].detail: string
   hosts[].generation: number
   hosts[].host: string
   hosts[].outcome: string
   hosts[].phase: string
   hosts[].reportedAt: string
   hosts[].serving.release: string
   hosts[].serving.revision: string
   hosts[].serving.since: string
   hosts[].serving.slot: string
   infrastructure.assembly: string
   infrastructure.at: string
   infrastructure.commit: string
   infrastructure.revision: null
   infrastructure.schema: number
   infrastructure.state: string
   record.by: string
   record.commit: string
   record.detail: string
   record.endedAt: string
   record.generation: number
   record.hosts.converged: number
   record.hosts.held: number
   record.hosts.progressing: number
   record.hosts.rejected: number
   record.hosts.stale: number
   record.hosts.unreachable: number
   record.outcome: string
   record.release: string
   record.revision: string
   record.schema: number
   record.tree: string
   record.writtenAt: string
   revision: string
   schema: number
   service: string
   verdict.says: string
   verdict.state: string
   verdict.todo: null"
  `);
});

test('status before the first deployment', () => {
  const empty = environmentStatus({ desired: null, revision: null, infrastructure: null, record: null, hosts: [] });
  expect(statusDocument({ service: 'hello', environment: 'dev' }, empty, verdict)).toMatchObject({
    desired: null,
    revision: null,
    infrastructure: null,
    record: null,
    hosts: [],
  });
});

test('history', () => {
  expect(shapeOf(historyDocument('dev', [historyEntry]))).toMatchInlineSnapshot(`
   "command: string
   deployments[].by: string
   deployments[].commit: string
   deployments[].detail: string
   deployments[].generation: number
   deployments[].outcome: string
   deployments[].release: string
   deployments[].revision: string
   deployments[].seconds: number
   deployments[].tree: string
   deployments[].writtenAt: string
   environment: string
   schema: number"
  `);
});

test('rollback', () => {
  expect(shapeOf(rollbackDocument('dev', rolledBack))).toMatchInlineSnapshot(`
   "command: string
   commit: string
   environment: string
   from: string
   isDryRun: boolean
   message: string
   schema: number
   to: string
   tree: string"
  `);
  expect(rollbackDocument('dev', { ...rolledBack, commit: null })).toMatchObject({ commit: null, isDryRun: true });
});

test('doctor', () => {
  expect(shapeOf(doctorDocument([check]))).toMatchInlineSnapshot(`
   "checks[].found: string
   checks[].id: string
   checks[].ok: boolean
   checks[].remedy: string
   checks[].required: boolean
   command: string
   schema: number"
  `);
});
