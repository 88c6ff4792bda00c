/** Which revision this host is to run, and what that says of the desired generation. Pure. */
import type { HostStatus } from '../contract/host-status.ts';
import { type Actual, type Intent, isRunning, isServing, runningRevision } from './actual.ts';

interface Verdict {
  readonly outcome: HostStatus['outcome'];
  readonly detail: string;
}

/** `deploy`: is to be brought into service and confirmed. `keep`: what serves stays; null: nothing is known that could. */
export type Goal = Verdict &
  (
    { readonly kind: 'deploy'; readonly revision: string } | { readonly kind: 'keep'; readonly revision: string | null }
  );

/** What this host is to run, and what that says of the desired generation. */
export function decide(intent: Intent | null, actual: Actual): Goal {
  const goal = aim(intent, actual);
  const detail = intent?.pinnedElsewhere ?? null;
  return detail === null ? goal : { ...goal, outcome: 'held', detail };
}

function aim(intent: Intent | null, actual: Actual): Goal {
  if (intent === null) return settle(actual, null, { outcome: 'progressing', detail: 'no desired state was seen yet' });
  const { revision } = intent;
  if (intent.generation < actual.generation) {
    return settle(actual, null, { outcome: 'held', detail: `refused generation ${intent.generation}, which is older` });
  }
  if (revision === actual.confirmed) return keepConfirmed(revision, actual);
  return decideNew(intent, actual);
}

/** The desired revision is not the confirmed one. */
function decideNew(intent: Intent, actual: Actual): Goal {
  const { revision, fallback } = intent;
  if (actual.rejected.includes(revision)) return settle(actual, fallback, { outcome: 'rejected', detail: 'rejected' });
  if (intent.frozen && revision !== actual.previous && revision !== fallback) {
    return settle(actual, fallback ?? revision, { outcome: 'held', detail: 'frozen' });
  }
  if (actual.attempt?.revision === revision || revision === actual.previous) return deploy(revision);
  return whenPermitted(intent, actual);
}

function keepConfirmed(revision: string, actual: Actual): Goal {
  const { active } = actual.proxy;
  const isServing = active !== null && isRunning(actual.slots[active], revision);
  if (isServing) return { kind: 'keep', revision, outcome: 'converged', detail: 'serves and is confirmed' };
  return { kind: 'keep', revision, outcome: 'progressing', detail: 'confirmed, but does not serve now' };
}

function deploy(revision: string): Goal {
  return { kind: 'deploy', revision, outcome: 'progressing', detail: 'deploying' };
}

/** A host on which nothing serves has nothing to lose: it does not wait for others. */
function whenPermitted({ revision, fallback }: Intent, actual: Actual): Goal {
  const { permission } = actual;
  if (actual.confirmed === null && !isServing(actual)) {
    const isHalted = permission?.kind === 'halted' && fallback !== null && !actual.rejected.includes(fallback);
    return isHalted ? settle(actual, fallback, { outcome: 'held', detail: permission.detail }) : deploy(revision);
  }
  if (permission === null) {
    return settle(actual, fallback, { outcome: 'progressing', detail: 'asks whether others go first' });
  }
  if (permission.kind === 'go') return deploy(revision);
  return settle(actual, fallback, { outcome: 'held', detail: permission.detail });
}

/** What runs where the desired revision does not: the confirmed one; else what serves; else the fallback. */
function settle(actual: Actual, fallback: string | null, verdict: Verdict): Goal {
  if (actual.confirmed !== null) return { kind: 'keep', revision: actual.confirmed, ...verdict };
  const { active } = actual.proxy;
  const serving = active === null ? null : runningRevision(actual.slots[active]);
  const begun = serving !== null && serving === fallback;
  if (serving !== null && !begun && !actual.rejected.includes(serving)) {
    return { kind: 'keep', revision: serving, ...verdict };
  }
  if (fallback !== null && !actual.rejected.includes(fallback))
    return { kind: 'deploy', revision: fallback, ...verdict };
  return { kind: 'keep', revision: null, ...verdict };
}
