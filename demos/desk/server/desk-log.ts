import { randomUUID } from 'node:crypto';
import type { EventMessage, EventStore } from 'millrace';

/** All that has happened, in one stream: what pages are told, and where a restart goes on. */
const STREAM = 'desk';

/** The desk's event log. An event is in it once, by its id, however often it is recorded. */
export class DeskLog {
  /** Tells this log from another one: what pages keep belongs to it. */
  readonly id: string;
  readonly #store: EventStore;
  readonly #ids = new Set<string>();
  readonly #counts = new Map<string, number>();

  /** Reads what is there. */
  static async open(store: EventStore): Promise<DeskLog> {
    const log = new DeskLog(store, await idOf(store));
    for await (const { id, type } of store.readAll()) {
      log.#ids.add(id);
      log.#count(type);
    }
    return log;
  }

  private constructor(store: EventStore, id: string) {
    this.#store = store;
    this.id = id;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** How many events of a type there are. */
  count({ type }: { readonly type: string }): number {
    return this.#counts.get(type) ?? 0;
  }

  /** How many there are of each type, now. */
  counts(): ReadonlyMap<string, number> {
    return new Map(this.#counts);
  }

  /** Resolves when they are on the disk. */
  async record(...events: readonly EventMessage[]): Promise<void> {
    const news = events.filter(({ id }) => !this.#ids.has(id));
    if (news.length === 0) return;
    for (const { id } of news) this.#ids.add(id);
    try {
      await this.#store.append(STREAM, news);
    } catch (error) {
      for (const { id } of news) this.#ids.delete(id);
      throw error;
    }
    for (const { type } of news) this.#count(type);
  }

  #count(type: string): void {
    this.#counts.set(type, (this.#counts.get(type) ?? 0) + 1);
  }
}

async function idOf({ documents }: EventStore): Promise<string> {
  const known = await documents.get('desk', 'log');
  if (known !== undefined) return known.value;
  const id = randomUUID();
  await documents.put('desk', 'log', id);
  return id;
}
