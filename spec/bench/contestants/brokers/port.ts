import type { Broker, BrokerDelivery, BrokerMessage } from 'millrace';
import { Countdown } from './countdown.ts';
import { Pool } from './pool.ts';
import { BATCH, bytesOf, reading, readingOf, type Sending, type Traffic, WINDOW } from './traffic.ts';
import { inBatches, windowed } from './windowed.ts';

/** An adapter of ours alone: bytes with an id, as its port has them. */
export function portTraffic(broker: Broker, sending: Sending): Traffic {
  return {
    async declare(topic, groups) {
      for (const group of groups) {
        const subscription = broker.subscribe({ topics: topic, group });
        await subscription.ready;
        await subscription.close();
      }
    },
    publish: (topic, count) =>
      sending === 'window'
        ? windowed(count, WINDOW, (index, confirmed) => {
            broker.publish(messageOf(topic, index)).then(() => confirmed(), confirmed);
          })
        : inBatches(count, BATCH, async (from, to) => {
            const messages: BrokerMessage[] = [];
            for (let index = from; index < to; index++) messages.push(messageOf(topic, index));
            await broker.publish(messages);
          }),
    async consume({ topic, group, concurrency, count, handle }) {
      const subscription = broker.subscribe({ topics: topic, group, maxInFlight: WINDOW });
      await subscription.ready;
      const ending = new Countdown(count);
      const pool = new Pool<BrokerDelivery>(concurrency, count, async (delivery) => {
        await handle(readingOf(delivery.message.body));
        delivery.ack().then(ending.tick, ending.fail);
      });
      const read = async (): Promise<void> => {
        for await (const delivery of subscription) pool.push(delivery);
      };
      read().catch(ending.fail);
      pool.done.catch(ending.fail);
      return { acknowledged: ending.done, close: () => subscription.close() };
    },
    inFlight: () => broker.stats().inFlight,
  };
}

function messageOf(topic: string, index: number): BrokerMessage {
  return { id: crypto.randomUUID(), topic, body: bytesOf(reading(index)), headers: {} };
}
