import type { Attributes } from '@opentelemetry/api';
import { isSummed, isTotal } from './instruments.ts';
import type { ObservedName } from './metric-names.ts';
import type { Reading } from './readings.ts';

interface Account {
  readonly name: ObservedName;
  readonly attributes: Attributes;
  value: number;
}

/** Sums what was read, by instrument and attributes: several parts may have the same, such as buses without names. */
export class Books {
  readonly #accounts = new Map<string, Account>();

  /** What was read last of parts that are gone, and of those that are there. */
  static of(gone: Books, present: Iterable<readonly Reading[]>): Books {
    const books = new Books();
    for (const readings of present) for (const reading of readings) books.#enter(reading);
    for (const [key, account] of gone.#accounts) {
      // Of what is now, those that are there speak.
      if (isTotal(account.name) || !books.#accounts.has(key)) books.#enter(account);
    }
    return books;
  }

  get all(): Iterable<Reading> {
    return this.#accounts.values();
  }

  /** Keeps what a part has counted, which is gone. Of all else, exporters would go on with what they were told last: it is over. */
  close(readings: readonly Reading[]): void {
    for (const reading of readings) {
      if (isTotal(reading.name)) this.#enter(reading);
      else this.#accounts.set(keyOf(reading), { ...reading, value: LASTING.has(reading.name) ? reading.value : 0 });
    }
  }

  /** The part is watched again, and tells of all that it has ever counted. */
  reopen(readings: readonly Reading[]): void {
    for (const reading of readings) if (isTotal(reading.name)) this.#enter({ ...reading, value: -reading.value });
  }

  #enter(reading: Reading): void {
    const { name, attributes, value } = reading;
    const key = keyOf(reading);
    const account = this.#accounts.get(key);
    if (account === undefined) this.#accounts.set(key, { name, attributes, value });
    else account.value = isSummed(name) ? account.value + value : Math.max(account.value, value);
  }
}

/** What is still so when nobody looks any more. */
const LASTING: ReadonlySet<ObservedName> = /* @__PURE__ */ new Set<ObservedName>([
  'millrace.broker.connected',
  'millrace.projection.state',
]);

function keyOf({ name, attributes }: Reading): string {
  return `${name} ${JSON.stringify(attributes)}`;
}
