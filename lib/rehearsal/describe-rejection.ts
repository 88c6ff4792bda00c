/** Says in one line why a host refused a service, and what its author should do. */
import type { Rejection } from '../contract/host-status.ts';

/** The first line that fits decides. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [/nothing listens/, 'let the service listen on the port in PORT'],
  [
    /answered 404/,
    'answer 2xx on that path when it can take traffic, or name another in package.json: "slipway": {"health": {"path": "/ready"}}',
  ],
  [
    /\.node\b|was compiled against|node-gyp|prebuild/,
    'use a version of the dependency that ships prebuilt binaries: no install script runs',
  ],
  [/Cannot find (?:module|package)/, 'list it under dependencies: development dependencies are not on a host'],
  [
    /not healthy within/,
    'answer 2xx when it can take traffic; a slow start needs "slipway": {"health": {"deadlineMs": 120000}}',
  ],
  [/exit/, 'let it run on with nothing but PORT, HOST and its config in the environment'],
];

export function describeRejection({ reason, detail }: Rejection): { readonly wrong: string; readonly todo: string } {
  const [seen = '', ...log] = detail.split('\n');
  // Of a stack trace, the line that names the error says most.
  const told = log.find((line) => /^\S*(?:Error|Exception)\b/.test(line)) ?? log.findLast((line) => line.trim() !== '');
  const wrong = [`the host refused it (${reason})`, seen, told?.trim()].filter(Boolean).join(': ').slice(0, 500);
  const todo = remedies.find(([pattern]) => pattern.test(detail))?.[1] ?? 'see the logs of the hosts';
  return { wrong, todo };
}
