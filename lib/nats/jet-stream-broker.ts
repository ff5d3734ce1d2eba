import { BrokerUnavailableError } from '../broker/broker-errors.ts';
import type { Broker } from '../broker/broker.ts';
import type { BrokerCapabilities } from '../broker/broker-capabilities.ts';
import { randomId } from '../core/ids.ts';
import { dial } from './dial.ts';
import { textOf } from './failures.ts';
import { JetStreamApi } from './jet-stream-api.ts';
import { JetStreamBody } from './jet-stream-body.ts';
import {
  checkedJetStreamOptions,
  type CheckedJetStreamOptions,
  type JetStreamBrokerOptions,
} from './jet-stream-options.ts';
import { Link } from './link.ts';
import { Mailbox } from './mailbox.ts';
import { ServerBroker } from '../broker/server-broker.ts';

/**
 * Opens a broker of NATS with JetStream, which keeps what is published: at least once, with replay from a sequence or a time, de-duplication by message id, redelivery with
 * delays, leases that can be extended, and letters.
 *
 * A topic is a subject, below `subjectPrefix`, of one stream; a group is a durable pull consumer of it; `ack()` resolves when the server has answered it, and none of them
 * waits for another. A server that is killed may deliver once more what was acknowledged in the tenth of a second before: it writes acknowledgements that often (seen with 2.9). The letter store `dead` of the
 * stream `shop` is the stream `millrace-letters-dead@shop`, with a subject for each letter; if `subjectPrefix` is not `shop.` but, say, `eu.orders.`, it is `millrace-letters-dead@shop@eu,orders`. The dead
 * letters of a bus are in the letter store of its group's name.
 *
 * @returns when it is connected, and JetStream has answered
 * @throws InvalidOptionError for an option that cannot work; BrokerUnavailableError when the server cannot be reached, refuses the user, or has no JetStream
 *
 * @example
 * ```ts
 * import { jetStreamBroker } from 'millrace/nats';
 *
 * async function mail(servers: string) {
 *   await using broker = await jetStreamBroker({ connect: { servers }, stream: { name: 'shop' }, subjectPrefix: 'shop.' });
 *   const body = new TextEncoder().encode(JSON.stringify({ email: 'ada@example.com' }));
 *   await broker.publish({ id: 'e1', topic: 'user.signed_up', body, headers: {} });
 *   const mails = broker.subscribe({ topics: 'user.*', group: 'mail', from: 'earliest', maxInFlight: 8 });
 *   for await (const delivery of mails) {
 *     console.log(delivery.message.topic, delivery.deliveryCount); // user.signed_up 1
 *     await delivery.ack();
 *     break;
 *   }
 * }
 * ```
 */
export async function jetStreamBroker(options: JetStreamBrokerOptions): Promise<Broker> {
  const checked = checkedJetStreamOptions(options);
  const { client = await dial(checked), name, scheduler, inboxPrefix, apiPrefix } = checked;
  const link = new Link(client, checked.client === undefined);
  const mailbox = new Mailbox(link, `${inboxPrefix}.${randomId()}`, scheduler);
  const api = new JetStreamApi(mailbox, apiPrefix, scheduler);
  try {
    await expectJetStream(api, checked);
  } catch (error) {
    mailbox.close(new Error('The broker was not opened.'));
    await link.close();
    throw error;
  }
  return new ServerBroker(name, new JetStreamBody(link, mailbox, api, capabilitiesOf(checked), checked));
}

async function expectJetStream(
  api: JetStreamApi,
  { connectTimeoutMs, scheduler }: CheckedJetStreamOptions,
): Promise<void> {
  const limit = new AbortController();
  const timer = scheduler.schedule(
    () => limit.abort(new Error(`no answer within ${connectTimeoutMs} ms`)),
    connectTimeoutMs,
  );
  try {
    await api.ask('INFO', undefined, limit.signal);
  } catch (error) {
    throw new BrokerUnavailableError(
      `Expected JetStream on the server, got: ${textOf(error)}. Start nats-server with -js, enable it for the account, or see apiPrefix.`,
      { cause: error },
    );
  } finally {
    timer.unsubscribe();
  }
}

function capabilitiesOf({ inTurn, stream }: CheckedJetStreamOptions): BrokerCapabilities {
  return Object.freeze({
    delivery: 'at-least-once',
    groups: true,
    durableGroups: true,
    redelivery: true,
    delayedRedelivery: true,
    deliveryCount: true,
    order: 'total',
    orderAcrossRedelivery: inTurn,
    history: true,
    replayFromTime: true,
    replayFromSequence: true,
    deduplication: true,
    lease: 'extendable',
    deadLetters: false,
    letterStores: true,
    atomicPublish: false,
    wildcards: true,
    restart: stream['storage'] !== 'memory',
  });
}
