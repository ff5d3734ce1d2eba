// What a tab does: bundled for the browser, where the specs call it.
import { type EventStore, type RecordedEvent, VersionConflictError } from 'millrace';
import { indexedDbEventStore, type IndexedDbEventStoreOptions } from 'millrace/indexeddb';
// Not from its door, which has what only Node can bundle.
import { eventStoreContract } from '../../../lib/testing/store-contract/event-store-contract.ts';

/** A tab with one store. */
class Tab {
  #store: EventStore | undefined;
  #seen: Promise<readonly Seen[]> = Promise.resolve([]);
  readonly #releases = new Map<string, () => void>();

  async open(options: IndexedDbEventStoreOptions): Promise<void> {
    this.#store = await indexedDbEventStore(options);
  }

  /** The same in a bucket of this size. */
  async openSmall(options: IndexedDbEventStoreOptions, bytes: number): Promise<void> {
    const { storageBuckets } = navigator as unknown as { readonly storageBuckets: Buckets };
    const { indexedDB: factory } = await storageBuckets.open(options.name, { quota: bytes });
    await this.open({ ...options, indexedDB: factory });
  }

  get store(): EventStore {
    if (this.#store === undefined) throw new Error('Expected an open store, got none.');
    return this.#store;
  }

  /** Appends so many events, each behind what it has read. @returns how often another tab was quicker */
  async deposit(stream: string, count: number): Promise<number> {
    let conflicts = 0;
    for (let left = count; left > 0;) {
      const expectedVersion = await this.store.streamVersion(stream);
      try {
        const event = { type: 'account.deposited', data: { at: Date.now() } };
        await this.store.append(stream, event, { expectedVersion });
        left--;
      } catch (error) {
        if (!(error instanceof VersionConflictError)) throw error;
        conflicts++;
      }
    }
    return conflicts;
  }

  /** Begins to watch the next events, until there were so many. */
  watch(count: number): void {
    this.#seen = this.#watch(count);
  }

  /** What `watch` has seen. */
  async seen(): Promise<readonly Seen[]> {
    return this.#seen;
  }

  /** What an operation fails with, in words that survive the way out of the page. */
  async failure(
    work: (store: EventStore) => Promise<unknown>,
  ): Promise<{ code: string; message: string; cause: string }> {
    try {
      await work(this.store);
    } catch (error) {
      const { code, message, cause } = error as { code: string; message: string; cause?: Error };
      return { code, message, cause: cause?.name ?? '' };
    }
    throw new Error('Expected a failure, got none.');
  }

  /** Takes a lock. @returns when it was had, in epoch milliseconds */
  async lock(name: string): Promise<number> {
    this.#releases.set(name, await this.store.lock!(name));
    return Date.now();
  }

  release(name: string): void {
    this.#releases.get(name)?.();
  }

  /** Runs a case of the contract. */
  async runCase(title: string, scale: number): Promise<void> {
    const open = () => indexedDbEventStore({ name: title, pollMs: 5_000 });
    const found = eventStoreContract(open, { scale }).find(({ name }) => name === title);
    if (found === undefined) throw new Error(`Expected a case of the contract, got '${title}'.`);
    await found.run();
  }

  async #watch(count: number): Promise<readonly Seen[]> {
    const seen: Seen[] = [];
    for await (const { position, data } of this.store.subscribe() as AsyncIterable<
      RecordedEvent<string, { at: number }>
    >) {
      seen.push({ position, delayMs: Date.now() - data.at });
      if (seen.length === count) break;
    }
    return seen;
  }
}

/** The Storage Buckets of Chromium, so far as we need them. */
interface Buckets {
  open(name: string, options: { readonly quota: number }): Promise<{ readonly indexedDB: IDBFactory }>;
}

/** An event, and how long it took from one tab to the other. */
interface Seen {
  readonly position: number;
  readonly delayMs: number;
}

export const tab = new Tab();
