/** Which slot gets the next request: the active one, unless it is known to be down and there is a backup. */
import { type Slot, slots } from '../../contract/host-status.ts';
import type { Route } from '../ports.ts';
import { noRoute } from './proxy-route.ts';

/** Health checks in a row that fail before a slot counts as unable to serve. */
const failuresToGiveUp = 3;

export class RouteTable {
  #route: Route = noRoute;
  /** The active slot did not answer while there was a backup; stays so until the agent routes again. */
  #activeIsDown = false;
  readonly #failures: Record<Slot, number> = { blue: 0, green: 0 };
  readonly #healthPaths: Record<Slot, string | null> = { blue: null, green: null };

  get route(): Route {
    return this.#route;
  }

  apply(route: Route): void {
    this.#route = route;
    this.#activeIsDown = false;
    this.#failures.blue = 0;
    this.#failures.green = 0;
    for (const slot of slots) {
      // The backup keeps the path that it had when it was active; one that never was is of the same service.
      const known = slot === route.backup ? this.#healthPaths[slot] : null;
      this.#healthPaths[slot] = known ?? route.healthPath;
    }
  }

  /** Slots that may get a request, the best first. */
  candidates(): readonly Slot[] {
    const { active, backup } = this.#route;
    const inOrder = this.#activeIsDown ? [backup, active] : [active, backup];
    return inOrder.filter((slot) => slot !== null);
  }

  /** A connection to the slot failed. */
  reportUnreachable(slot: Slot): void {
    const { active, backup } = this.#route;
    if (slot === active && backup !== null && this.#isUsable(backup)) this.#activeIsDown = true;
  }

  reportHealth(slot: Slot, check: 'passed' | 'failed'): void {
    if (check === 'passed') this.#failures[slot] = 0;
    else this.#failures[slot] += 1;
    if (!this.#isUsable(slot)) this.reportUnreachable(slot);
  }

  /** What is asked for its health, and where. */
  checks(): readonly { readonly slot: Slot; readonly path: string }[] {
    return this.candidates().flatMap((slot) => {
      const path = this.#healthPaths[slot];
      return path === null ? [] : [{ slot, path }];
    });
  }

  canServe(): boolean {
    return this.candidates().some((slot) => this.#isUsable(slot));
  }

  #isUsable(slot: Slot): boolean {
    return this.#failures[slot] < failuresToGiveUp;
  }
}
