/** The revision of pins, digested once per object: the agent asks for it many times a second. */
import { type Pins, revisionOf as digest } from '../contract/desired-state.ts';

const known = new WeakMap<Pins, string>();

export function revisionOf(pins: Pins): string {
  const found = known.get(pins);
  if (found !== undefined) return found;
  const revision = digest(pins);
  known.set(pins, revision);
  return revision;
}
