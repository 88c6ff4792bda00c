/** Whether all is well in an environment, in words, and what to do if it is not. Pure. */
import type { Environment } from '../contract/environment.ts';
import type { HostOutcome } from '../contract/host-status.ts';
import { shortDigest } from '../contract/names.ts';
import type { EnvironmentStatus } from '../delivery/status.ts';
import type { HostView } from '../delivery/wait.ts';
import { duration } from './render/time.ts';

export interface Verdict {
  readonly state: 'well' | 'in-progress' | 'held' | 'unwell' | 'empty';
  readonly says: string;
  /** Null: nothing need be done. */
  readonly todo: string | null;
}

/** What a verdict looks at beside the status itself. */
export interface Expectation {
  readonly name: string;
  readonly minHosts: number;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** A host reads its desired state every few seconds, and a new machine boots in minutes: after that, silence is a fault. */
const patienceSeconds = 300;

type Desired = NonNullable<EnvironmentStatus['desired']>;
type Judge = (view: View) => Verdict | undefined;

interface View {
  readonly status: EnvironmentStatus;
  readonly desired: Desired;
  readonly expected: Expectation;
  /** Since the desired state was written. */
  readonly ageSeconds: number;
}

/** A machine that was replaced stays listed until its report expires: silent for an hour, it counts no more. */
const goneAfterSeconds = 3_600;

export function isGone({ outcome, ageSeconds }: HostView): boolean {
  return outcome === 'unreachable' && ageSeconds > goneAfterSeconds;
}

export function expectationOf({ name, hosts }: Environment, nowMs: number): Expectation {
  return { name, minHosts: hosts.min, nowMs };
}

export function verdictOf(all: EnvironmentStatus, expected: Expectation): Verdict {
  const { desired } = all;
  if (desired === null) {
    const todo = `slipway deploy --environment ${expected.name}`;
    return { state: 'empty', says: `Nothing was deployed to ${expected.name} yet.`, todo };
  }
  const ageSeconds = (expected.nowMs - desired.writtenAt.getTime()) / 1_000;
  const status = { ...all, hosts: all.hosts.filter((host) => !isGone(host)) };
  const view = { status, desired, expected, ageSeconds };
  // The worst news first.
  for (const judge of judges) {
    const verdict = judge(view);
    if (verdict) return verdict;
  }
  const hosts = counted(status.hosts.length, 'host serves', 'hosts serve');
  const release = shortDigest(desired.value.release);
  return { state: 'well', says: `All is well: ${hosts} release ${release}.`, todo: null };
}

/** Push mode: what single machines say is a part of that story only. */
const replacing: Judge = ({ status, desired, expected }) => {
  const { infrastructure } = status;
  if (infrastructure?.state !== 'deploying' || infrastructure.revision === null) return undefined;
  const release = shortDigest(desired.value.release);
  return {
    state: 'in-progress',
    says: `CloudFormation replaces the machines: ${share(having(status, 'converged'), status)} confirmed release ${release}.`,
    todo: `follow it: slipway wait -e ${expected.name}; if nobody deploys now: slipway deploy -e ${expected.name}`,
  };
};

const undone: Judge = ({ status, desired, expected }) => {
  const { infrastructure, revision, hosts } = status;
  if (infrastructure?.state !== 'rolled-back' || infrastructure.revision !== revision) return undefined;
  const serving = releasesOf(hosts.filter(({ outcome }) => outcome !== 'unreachable'));
  const still =
    serving.length === 0 ? 'no machine says that it serves' : `the machines of before serve ${serving.join(', ')}`;
  return {
    state: 'unwell',
    says: `Release ${shortDigest(desired.value.release)} was rejected, and CloudFormation went back: ${still}.`,
    todo: `why: slipway history -e ${expected.name}; ${mend(expected)}`,
  };
};

const rejected: Judge = ({ status, desired, expected }) => {
  const hosts = having(status, 'rejected');
  if (hosts.length === 0) return undefined;
  const serving = releasesOf(hosts);
  const still = serving.length === 0 ? 'nothing serves there' : `still serving there: ${serving.join(', ')}`;
  return {
    state: 'unwell',
    says: `${share(hosts, status)} rejected release ${shortDigest(desired.value.release)}; ${still}.`,
    todo: mend(expected),
  };
};

const silent: Judge = ({ status }) => {
  const hosts = having(status, 'unreachable');
  if (hosts.length === 0) return undefined;
  const longest = duration(Math.max(...hosts.map(({ ageSeconds }) => ageSeconds)));
  return {
    state: 'unwell',
    says: `${share(hosts, status)} not heard of, for up to ${longest}.`,
    todo: 'a machine that was replaced may be forgotten; else look at its log group, or in by Session Manager',
  };
};

const tooFew: Judge = ({ status, expected, ageSeconds }) => {
  const count = status.hosts.length;
  if (count >= expected.minHosts) return undefined;
  const says = `${counted(count, 'host reports', 'hosts report')}; ${expected.name} asks for at least ${expected.minHosts}.`;
  if (ageSeconds < patienceSeconds) return { state: 'in-progress', says, todo: `slipway wait -e ${expected.name}` };
  return { state: 'unwell', says, todo: 'look at the Auto Scaling group: its activity says why machines are missing' };
};

const stale: Judge = ({ status, desired, ageSeconds }) => {
  const hosts = having(status, 'stale');
  if (hosts.length === 0 || ageSeconds < patienceSeconds) return undefined;
  return {
    state: 'unwell',
    says: `${share(hosts, status)} did not take up generation ${desired.value.generation} in ${duration(ageSeconds)}.`,
    todo: "look at the agent's log: can it read the store?",
  };
};

const onTheWay: Judge = ({ status, desired, expected }) => {
  const hosts = [...having(status, 'progressing'), ...having(status, 'stale')];
  if (hosts.length === 0) return undefined;
  const done = having(status, 'converged');
  return {
    state: 'in-progress',
    says: `${share(done, status)} confirmed generation ${desired.value.generation}, the others are on the way.`,
    todo: `follow it: slipway wait -e ${expected.name}`,
  };
};

const held: Judge = ({ status, desired, expected }) => {
  const hosts = having(status, 'held');
  if (hosts.length === 0) return undefined;
  const { freeze } = desired.value;
  if (freeze && Date.parse(freeze.until) > expected.nowMs) {
    return {
      state: 'held',
      says: `Frozen until ${freeze.until}: ${freeze.reason}`,
      todo: `to end it, take freeze out of environments/${expected.name}.ts`,
    };
  }
  return { state: 'held', says: `${share(hosts, status)} waiting for others to confirm.`, todo: null };
};

const stacksUnfinished: Judge = ({ status, expected }) =>
  status.infrastructure?.state === 'deploying'
    ? {
        state: 'in-progress',
        says: 'The stacks are being deployed, or their last deploy did not end.',
        todo: `if nobody deploys now: slipway deploy -e ${expected.name}`,
      }
    : undefined;

const judges: readonly Judge[] = [replacing, undone, rejected, silent, tooFew, stale, onTheWay, held, stacksUnfinished];

function having({ hosts }: EnvironmentStatus, outcome: HostOutcome): readonly HostView[] {
  return hosts.filter((host) => host.outcome === outcome);
}

function releasesOf(hosts: readonly HostView[]): readonly string[] {
  return [...new Set(hosts.flatMap(({ status }) => status.serving?.release ?? []))].map(shortDigest);
}

function mend({ name }: Expectation): string {
  return `mend it by a commit, or go back: slipway rollback -e ${name} --reason TEXT`;
}

function share(some: readonly HostView[], { hosts }: EnvironmentStatus): string {
  return `${some.length} of ${counted(hosts.length, 'host', 'hosts')}`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
