import type { EventStore, RecordedEvent } from 'millrace';
import type { Deposit, FileStore, Pause } from './store.ts';

/** A store of ours, as a program uses it. */
export function underTest(store: EventStore): FileStore {
  return {
    append: async (stream, events, expectedVersion) =>
      store.append(stream, events, expectedVersion === undefined ? {} : { expectedVersion }),
    readStream: async (stream) => sum(store.readStream(stream)),
    readAll: async () => sum(store.readAll()),
    catchUp: async (events, pause) => sum(store.subscribe(), events, pause),
    close: async () => store.close(),
  };
}

async function sum(events: AsyncIterable<RecordedEvent>, limit = Infinity, pause?: Pause): Promise<number> {
  let total = 0;
  let count = 0;
  for await (const { data } of events) {
    total += (data as Deposit['data']).amount;
    if (++count === limit) break;
    const pausing = pause?.(count);
    if (pausing !== undefined) await pausing;
  }
  return total;
}
