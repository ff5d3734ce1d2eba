import { createEventStore, type EventStore, memoryEventStore, type NewEvent, type RecordedEvent } from 'millrace';
import { MemoryBackend } from '../../../lib/sourcing/memory-backend.ts';

/** A store with changes. */
export function altered(store: EventStore, changes: Partial<EventStore>): EventStore {
  return {
    name: store.name,
    documents: store.documents,
    append: (...all) => store.append(...all),
    readStream: (...all) => store.readStream(...all),
    readAll: (...all) => store.readAll(...all),
    subscribe: (...all) => store.subscribe(...all),
    findEvent: (id) => store.findEvent(id),
    streamVersion: (stream) => store.streamVersion(stream),
    deleteStream: (...all) => store.deleteStream(...all),
    head: () => store.head(),
    deadLetters: (queue) => store.deadLetters(queue),
    ...(store.lock !== undefined && { lock: (...all) => store.lock!(...all) }),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    ...changes,
  };
}

/** Opens stores in memory, each with changes of its own. */
export function withFlaw(flaw: (sound: EventStore) => Partial<EventStore>): () => EventStore {
  return () => {
    const sound = memoryEventStore();
    return altered(sound, flaw(sound));
  };
}

/** Opens stores that share one database in memory, as several clients of a server do. */
export function sharedMemory(flaw: (sound: EventStore) => Partial<EventStore> = () => ({})): () => EventStore {
  const backend = new MemoryBackend();
  return () => {
    const sound = createEventStore(backend, { pollMs: 5 });
    return altered(sound, flaw(sound));
  };
}

/** A store whose reads give other events. */
export function reading(change: Parameters<typeof mapped>[1]): () => EventStore {
  return withFlaw((sound) => ({
    readStream: (...request) => mapped(sound.readStream(...request), change),
    readAll: (...request) => mapped(sound.readAll(...request), change),
  }));
}

/** The events of an append as a list. */
export function listOf(events: NewEvent | readonly NewEvent[]): readonly NewEvent[] {
  return [events].flat() as readonly NewEvent[];
}

/** Lets others go on meanwhile. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** The same events, changed or left out. */
export async function* mapped(
  events: AsyncIterable<RecordedEvent>,
  change: (event: RecordedEvent, index: number) => RecordedEvent | undefined,
): AsyncGenerator<RecordedEvent, undefined> {
  let index = 0;
  for await (const event of events) {
    const kept = change(event, index++);
    if (kept !== undefined) yield kept;
  }
}
