import { setTimeout as sleep } from 'node:timers/promises';
import amqplib, { type ConsumeMessage, type Options } from 'amqplib';
import { attributesOf, eventOf } from './envelope.ts';
import { Pool } from './pool.ts';
import { bytesOf, type OpenRawTraffic, type Reading, reading, readingOf, WINDOW } from './traffic.ts';
import { windowed } from './windowed.ts';

const SETTLING_MS = 200;

/**
 * The client of RabbitMQ by hand. Equal safety: durable quorum queues; every publish is persistent and mandatory, has an id, and its confirm is awaited; each message
 * is acknowledged after its handler. At most as many are unsettled as with ours, and JSON is parsed.
 */
export const openTraffic: OpenRawTraffic = async (url, envelope) => {
  const exchange = `raw-${envelope}`;
  const connection = await amqplib.connect(url, { noDelay: true });
  const publisher = await connection.createConfirmChannel();
  await publisher.assertExchange(exchange, 'topic');
  const optionsOf = envelope === 'bare' ? bareOptions : eventOptions;
  const read = envelope === 'bare' ? readBare : readEvent;
  return {
    async declare(topic, groups) {
      for (const group of groups) {
        await publisher.assertQueue(group, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
        await publisher.bindQueue(group, exchange, topic);
      }
    },
    publish: (topic, count) =>
      windowed(count, WINDOW, (index, confirmed) => {
        publisher.publish(exchange, topic, Buffer.from(bytesOf(reading(index))), optionsOf(topic), confirmed);
      }),
    async consume({ group, concurrency, count, handle }) {
      const channel = await connection.createChannel();
      await channel.prefetch(WINDOW);
      const pool = new Pool<ConsumeMessage>(concurrency, count, async (message) => {
        await handle(read(message));
        channel.ack(message);
      });
      await channel.consume(group, (message) => pool.push(message!));
      const close = async (): Promise<void> => {
        // A quorum queue takes acknowledgements as it can, and a channel that closes sooner takes the rest of them with it.
        await sleep(SETTLING_MS);
        await channel.close();
      };
      // What is asked on the same channel is answered after the acknowledgements before it.
      return { acknowledged: pool.done.then(async () => void (await channel.checkQueue(group))), close };
    },
  };
};

function bareOptions(): Options.Publish {
  return { persistent: true, mandatory: true, messageId: crypto.randomUUID() };
}

function eventOptions(topic: string): Options.Publish {
  const options = bareOptions();
  const headers = attributesOf('cloudEvents:', options.messageId!, topic);
  return { ...options, headers, contentType: 'application/json' };
}

function readBare({ content }: ConsumeMessage): Reading {
  return readingOf(content);
}

function readEvent({ content, properties }: ConsumeMessage): Reading {
  return eventOf('cloudEvents:', (name) => String(properties.headers![name]), readingOf(content)).data;
}
