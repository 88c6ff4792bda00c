/** Secrets, in memory only: read by name and version, handed to a process that is started, struck out of whatever is reported. */
import type { Pins } from '../contract/desired-state.ts';

type SecretPin = Pins['secrets'][number];

/** A shorter value would be struck out of words that are no secret. */
const minRedactedLength = 6;

export class SecretMemory {
  readonly #values = new Map<string, string>();

  has({ secrets }: Pins): boolean {
    return secrets.every((pin) => this.#values.has(keyOf(pin)));
  }

  missing({ secrets }: Pins): readonly SecretPin[] {
    return secrets.filter((pin) => !this.#values.has(keyOf(pin)));
  }

  keep(pin: SecretPin, value: string): void {
    this.#values.set(keyOf(pin), value);
  }

  variables({ secrets }: Pins): Readonly<Record<string, string>> {
    return Object.fromEntries(secrets.map((pin) => [pin.name, this.#values.get(keyOf(pin)) ?? '']));
  }

  forgetAllBut(pins: readonly Pins[]): void {
    const kept = new Set(pins.flatMap(({ secrets }) => secrets.map(keyOf)));
    for (const key of this.#values.keys()) if (!kept.has(key)) this.#values.delete(key);
  }

  redact(text: string): string {
    const values = [...this.#values.values()].filter((value) => value.length >= minRedactedLength);
    return values.reduce((redacted, value) => redacted.replaceAll(value, '[secret]'), text);
  }
}

function keyOf({ parameter, version }: SecretPin): string {
  return `${parameter}:${version}`;
}
