import {
  AckPolicy,
  jetstream,
  jetstreamManager,
  type JsMsg,
  type JetStreamPublishOptions,
  StorageType,
} from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import { Countdown } from './countdown.ts';
import { attributesOf, eventOf } from './envelope.ts';
import { Pool } from './pool.ts';
import {
  bytesOf,
  type Envelope,
  type OpenRawTraffic,
  type Reading,
  reading,
  readingOf,
  type Traffic,
  WINDOW,
} from './traffic.ts';
import { windowed } from './windowed.ts';

/**
 * The client of JetStream by hand. Equal safety: a stream in files; every publish has an id, by which the server knows it again, and its confirmation is awaited;
 * each message is acknowledged after its handler, and the server confirms that, too. At most as many are unsettled as with ours, and JSON is parsed.
 */
export const openTraffic: OpenRawTraffic = (url, envelope) =>
  open(url, envelope, `raw-${envelope}`, (message) => message.ackAck());

/** The same without the last: acknowledgements are sent, and may be lost. */
export const openUnsure: OpenRawTraffic = (url, envelope) =>
  open(url, envelope, 'unsure', async (message) => {
    message.ack();
  });

async function open(
  url: string,
  envelope: Envelope,
  stream: string,
  acknowledge: (message: JsMsg) => Promise<unknown>,
): Promise<Traffic> {
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  const client = jetstream(connection);
  await manager.streams.add({ name: stream, subjects: [`${stream}.>`], storage: StorageType.File });
  const optionsOf = envelope === 'bare' ? bareOptions : eventOptions;
  const read = envelope === 'bare' ? readBare : readEvent;
  return {
    async declare(topic, groups) {
      for (const group of groups) {
        await manager.consumers.add(stream, {
          durable_name: group,
          filter_subject: `${stream}.${topic}`,
          ack_policy: AckPolicy.Explicit,
          max_ack_pending: WINDOW,
        });
      }
    },
    publish: (topic, count) =>
      windowed(count, WINDOW, (index, confirmed) => {
        client
          .publish(`${stream}.${topic}`, bytesOf(reading(index)), optionsOf(topic))
          .then(() => confirmed(), confirmed);
      }),
    async consume({ group, concurrency, count, handle }) {
      const consumer = await client.consumers.get(stream, group);
      const acknowledging = new Countdown(count);
      const pool = new Pool<JsMsg>(concurrency, count, async (message) => {
        await handle(read(message));
        acknowledge(message).then(acknowledging.tick, acknowledging.fail);
      });
      pool.done.catch(acknowledging.fail);
      const messages = await consumer.consume({ max_messages: WINDOW, callback: (message) => pool.push(message) });
      return { acknowledged: acknowledging.done.then(() => connection.flush()), close: () => messages.close() };
    },
  };
}

function bareOptions(): Partial<JetStreamPublishOptions> {
  return { msgID: crypto.randomUUID() };
}

function eventOptions(topic: string): Partial<JetStreamPublishOptions> {
  const msgID = crypto.randomUUID();
  const written = headers();
  for (const [name, value] of Object.entries(attributesOf('ce-', msgID, topic))) written.set(name, value);
  written.set('content-type', 'application/json');
  return { msgID, headers: written };
}

function readBare({ data }: JsMsg): Reading {
  return readingOf(data);
}

function readEvent({ data, headers: written }: JsMsg): Reading {
  return eventOf('ce-', (name) => written!.get(name), readingOf(data)).data;
}
