import { type Broker, createBrokeredBus, defineEvent, type EventDefinition, payload } from 'millrace';
import { Countdown } from './countdown.ts';
import { BATCH, type Reading, reading, type Sending, type Traffic, WINDOW } from './traffic.ts';
import { inBatches, windowed } from './windowed.ts';

/** A bus across a broker: CloudEvents, and handlers in the engine. */
export function busTraffic(broker: Broker, sending: Sending): Traffic {
  const sender = createBrokeredBus(broker, { group: 'sender' });
  const definitions = new Map<string, EventDefinition<string, Reading>>();
  const eventOf = (topic: string): EventDefinition<string, Reading> => {
    const known = definitions.get(topic) ?? defineEvent(topic, payload<Reading>());
    definitions.set(topic, known);
    return known;
  };
  return {
    async declare(topic, groups) {
      for (const group of groups) {
        const bus = createBrokeredBus(broker, { group });
        bus.on(eventOf(topic), () => undefined, { name: 'reader' });
        await bus.ready;
        await bus.drain();
      }
    },
    publish(topic, count) {
      const event = eventOf(topic);
      if (sending === 'window') {
        return windowed(count, WINDOW, (index, confirmed) => {
          sender.publish(event, reading(index)).then(() => confirmed(), confirmed);
        });
      }
      return inBatches(count, BATCH, async (from, to) => {
        const publishes: Promise<unknown>[] = [];
        for (let index = from; index < to; index++) publishes.push(sender.publish(event, reading(index)));
        await Promise.all(publishes);
      });
    },
    async consume({ topic, group, concurrency, count, handle }) {
      const bus = createBrokeredBus(broker, { group });
      const options = { name: 'reader', concurrency, capacity: WINDOW - concurrency };
      const handled = new Countdown(count);
      const handleNext = async ({ data }: { readonly data: Reading }): Promise<void> => {
        await handle(data);
        handled.tick();
      };
      bus.on(eventOf(topic), handleNext, options);
      await bus.ready;
      const untilAcknowledged = async (): Promise<void> => {
        await handled.done;
        while (broker.stats().inFlight > 0) await new Promise(setImmediate);
      };
      return { acknowledged: untilAcknowledged(), close: () => bus.drain() };
    },
    inFlight: () => broker.stats().inFlight,
  };
}
