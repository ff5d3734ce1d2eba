import { type BrokeredEventBus, createBrokeredBus, defineEvent, type EventDefinition, payload } from 'millrace';
import type { SeamRun } from './seam-run.ts';

/** What the events of a seam carry. */
export interface OrderData {
  readonly number: number;
}

/** A bus with a client of its own, as another process would have, and the event of its seam. */
export interface OpenedBus {
  readonly bus: BrokeredEventBus;
  readonly Order: EventDefinition<string, OrderData>;
}

/** Opens a bus that ends with the run. */
export async function openBus(run: SeamRun, options: { readonly leaseMs?: number } = {}): Promise<OpenedBus> {
  const bus = createBrokeredBus(await run.open(), { group: run.group, ...options });
  // What a seam does to its broker is reported here.
  bus.errors.subscribe(() => undefined);
  run.onClose(() => bus.close());
  return { bus, Order: defineEvent(run.topic, payload<OrderData>()) };
}

/** Publishes numbered events, until each is confirmed. */
export async function publishTo(
  run: SeamRun,
  bus: BrokeredEventBus,
  Order: OpenedBus['Order'],
  numbers: readonly number[],
): Promise<void> {
  await run.confirmAll(numbers, (number) =>
    bus.publish(Order, { number }, { id: run.idOf(number), subject: `key-${number % 16}` }),
  );
}
