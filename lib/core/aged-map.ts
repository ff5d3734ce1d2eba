import { Chain, type Linked } from './chain.ts';

class Entry<Key, Value> implements Linked<Entry<Key, Value>> {
  previous: Entry<Key, Value> | undefined = undefined;
  next: Entry<Key, Value> | undefined = undefined;
  readonly key: Key;
  readonly value: Value;

  constructor(key: Key, value: Value) {
    this.key = key;
    this.value = value;
  }
}

/**
 * A map that knows its oldest entry at once. (A `Map` keeps the order too, but steps over all that was deleted before its first entry
 * each time it is asked for it.)
 */
export class AgedMap<Key, Value> {
  readonly #entries = new Map<Key, Entry<Key, Value>>();
  readonly #byAge = new Chain<Entry<Key, Value>>();

  get size(): number {
    return this.#entries.size;
  }

  get oldest(): { readonly key: Key; readonly value: Value } | undefined {
    return this.#byAge.first;
  }

  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Adds the newest entry; one with the same key is replaced. */
  set(key: Key, value: Value): void {
    const entry = new Entry(key, value);
    this.delete(key);
    this.#entries.set(key, entry);
    this.#byAge.push(entry);
  }

  delete(key: Key): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#byAge.remove(entry);
  }

  /** The values, the oldest first. */
  values(): Value[] {
    return Array.from(this.#byAge, ({ value }) => value);
  }
}
