import { DuplicateEventError, type EventMessage, type EventStore, memoryEventStore } from 'millrace';
import type { ResumeStore } from 'millrace/bridge';
import { indexedDbEventStore } from 'millrace/indexeddb';
import { BehaviorSubject } from 'rxjs';
import { kept, type PageBus } from './page-events.ts';

/** Databases of this page begin so; behind it is the server's log that they belong to. */
const PREFIX = 'desk-';

/** What this browser keeps, for all its tabs. */
export interface LocalLog {
  readonly store: EventStore;
  /** How far the server's events are kept: the place to go on from. */
  readonly resume: ResumeStore;
  /** Whether it is there after a reload. */
  readonly isKept: boolean;
  /** How many events came again after a reload, and were known by their ids. */
  readonly repeated: BehaviorSubject<number>;
  /** Deletes it, and the page begins anew. */
  forget(): Promise<void>;
}

/** Opens the log, and keeps in it what comes into the bus. Of servers whose log is another one, nothing is kept any longer. */
export async function openLocalLog(bus: PageBus, serverLog: string): Promise<LocalLog> {
  const name = `${PREFIX}${serverLog}`;
  const { store, isKept } = await openStore(name);
  if (isKept) void forgetOthers(name);
  const repeated = new BehaviorSubject(0);
  bus.on(kept, keep, {
    name: 'keep',
    batch: { maxSize: 500, maxWaitMs: 10 },
    capacity: 2_048,
    retry: { maxAttempts: 5, delayMs: 200, multiplier: 2 },
  });

  /** In one transaction, unless some of them are there already; whether all of them are, the store knows. */
  async function keep(events: readonly EventMessage[]): Promise<void> {
    try {
      const { isRepeated } = await store.append('desk', events);
      if (isRepeated) repeated.next(repeated.value + events.length);
    } catch (error) {
      if (!(error instanceof DuplicateEventError)) throw error;
      for (const event of events) await keepOne(event);
    }
  }

  async function keepOne(event: EventMessage): Promise<void> {
    const { isRepeated } = await store.append('desk', event);
    if (isRepeated) repeated.next(repeated.value + 1);
  }

  return {
    store,
    isKept,
    repeated,
    resume: {
      load: async () => (await store.documents.get('resume', 'server'))?.value,
      save: async (id) => void (await store.documents.put('resume', 'server', id)),
    },
    async forget() {
      await store.close();
      if (isKept) await deleteDatabase(name);
    },
  };
}

/** In some private windows there is no IndexedDB: then a reload reads everything anew. */
async function openStore(name: string): Promise<{ readonly store: EventStore; readonly isKept: boolean }> {
  try {
    // What a power cut takes, the server has.
    return { store: await indexedDbEventStore({ name, durability: 'relaxed' }), isKept: true };
  } catch (error) {
    console.warn(error);
    return { store: memoryEventStore(), isKept: false };
  }
}

async function forgetOthers(own: string): Promise<void> {
  const databases = await indexedDB.databases();
  for (const { name = '' } of databases) if (name.startsWith(PREFIX) && name !== own) await deleteDatabase(name);
}

async function deleteDatabase(name: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.addEventListener('success', () => resolve());
    request.addEventListener('error', () => reject(request.error ?? new Error(`'${name}' cannot be deleted.`)));
  });
}
