import { type Broker, createBrokeredBus, type DrainReport, type ProcessorStats, type SubscribeOptions } from 'millrace';
import { QuakeReported } from '../shared/earthquakes/events.ts';
import type { QuakeTable } from './quake-table.ts';

/** A group that makes a table of the log. */
export interface Reader {
  /** Stands when all that is published from then on comes to it. */
  readonly ready: Promise<void>;
  stats(): ProcessorStats;
  /** Finishes what it has taken, and leaves. */
  drain(): Promise<DrainReport>;
}

/**
 * Opens a reader.
 *
 * @param from - where it begins, if Kafka does not know its group; if it does, the group goes on where it was
 */
export function openReader(
  broker: Broker,
  group: string,
  from: NonNullable<SubscribeOptions['from']>,
  quakes: QuakeTable,
): Reader {
  const bus = createBrokeredBus(broker, { events: [QuakeReported], group });
  bus.errors.subscribe(({ error }) => console.error(error));
  const handler = bus.on(QuakeReported, quakes, { name: 'table', from });
  return {
    ready: bus.ready,
    stats: () => handler.stats(),
    drain: async () => bus.drain({ deadlineMs: 10_000 }),
  };
}
