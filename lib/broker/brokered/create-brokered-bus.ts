import { BusFace } from '../../bus/bus-face.ts';
import { InvalidOptionError } from '../../core/errors.ts';
import type { EventDefinition } from '../../core/event-definition.ts';
import { expectOptions, show } from '../../core/options.ts';
import type { Broker } from '../broker.ts';
import type { BrokeredEventBus } from './brokered-bus.ts';
import { BrokeredHub } from './brokered-hub.ts';
import type { BrokeredHubOptions } from './brokered-hub-options.ts';

/** Options of {@link createBrokeredBus}. */
export interface BrokeredBusOptions<Known extends EventDefinition = EventDefinition> extends BrokeredHubOptions {
  /** The events of this bus: patterns are then typed, any other event does not compile, and one that comes is an `invalid` dead letter. @defaultValue any event is welcome */
  readonly events?: readonly Known[];
}

/**
 * Creates a bus across a broker: the same interface as `createEventBus` makes, with at least once in between.
 *
 * Each handler has a durable consumer of its own, found by group and name: what is published while no process listens is there when one does, and a failure repeats no sibling that succeeded. An event is
 * acknowledged after it was handled, or its dead letter is stored on the broker. Events are CloudEvents on the wire, their type is the topic. The broker stays yours to close.
 *
 * @throws InvalidOptionError for options that cannot work
 *
 * @example
 * ```ts
 * import { createBrokeredBus, defineEvent, memoryBroker, payload } from 'millrace';
 *
 * const OrderPlaced = defineEvent('order.placed', payload<{ id: string; total: number }>());
 * await using broker = memoryBroker(); // or jetStreamBroker, kafkaBroker, rabbitMqBroker
 * await using bus = createBrokeredBus(broker, { group: 'billing' });
 * bus.on(OrderPlaced, async ({ data }) => console.log('charge', data.total), { name: 'charge', concurrency: 16 });
 * await bus.ready; // topology and consumers stand
 * const report = await bus.publish(OrderPlaced, { id: 'o1', total: 40 });
 * console.log(report.stage); // confirmed: the broker has it
 * ```
 */
export function createBrokeredBus<const Known extends EventDefinition = EventDefinition>(
  broker: Broker,
  options: BrokeredBusOptions<Known>,
): BrokeredEventBus<Known> {
  if (typeof broker !== 'object' || broker === null || !('capabilities' in broker)) {
    throw new InvalidOptionError(`Expected a broker, such as memoryBroker() makes, got ${gotOf(broker)}.`);
  }
  if (options === undefined) throw new InvalidOptionError('Expected options { group }, got none.');
  const { events, ...rest } = expectOptions('options', options);
  return new BusFace(new BrokeredHub(broker, rest, events)) as unknown as BrokeredEventBus<Known>;
}

function gotOf(value: unknown): string {
  return value instanceof Promise ? 'a promise. Await it first' : show(value);
}
