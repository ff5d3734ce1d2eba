import type { Broker } from '../broker/broker.ts';
import type { BrokerCapabilities } from '../broker/broker-capabilities.ts';
import { type CheckedCoreOptions, checkedCoreOptions, type NatsBrokerOptions } from './core-options.ts';
import { CorePublisher } from './core-publisher.ts';
import { CoreSubscription } from './core-subscription.ts';
import { dial } from './dial.ts';
import { Link } from './link.ts';
import type { BrokerBody } from '../broker/broker-body.ts';
import { ServerBroker } from '../broker/server-broker.ts';
import { outboundOf } from './outbound.ts';
import { Subjects } from './subjects.ts';

/**
 * Opens a broker of core NATS: quick, and **at most once**. Nothing is kept: who is not there, or too slow, or dies with a message, has lost it; `ack()` says nothing to the
 * server, and what `nack()` hands back is gone. For what may be missed, such as positions and prices; for all else there is `jetStreamBroker`.
 *
 * A topic is a subject; a group is a queue group, of which each message is given to one member. `publish` resolves when the server has the message, whoever gets it; during
 * an outage what was not sent waits, and what was sent is rejected with the code `OUTCOME_UNKNOWN`.
 *
 * @returns when it is connected
 * @throws InvalidOptionError for an option that cannot work; BrokerUnavailableError when the server cannot be reached, or refuses the user
 *
 * @example
 * ```ts
 * import { natsBroker } from 'millrace/nats';
 *
 * async function watch(servers: string) {
 *   await using broker = await natsBroker({ connect: { servers } });
 *   const prices = broker.subscribe({ topics: 'price.*', group: 'ticker', maxInFlight: 64 });
 *   await prices.ready;
 *   await broker.publish({ id: 'p1', topic: 'price.gold', body: new TextEncoder().encode('2391'), headers: {} });
 *   for await (const delivery of prices) {
 *     console.log(delivery.message.topic); // price.gold
 *     await delivery.ack();
 *     break;
 *   }
 * }
 * ```
 */
export async function natsBroker(options: NatsBrokerOptions): Promise<Broker> {
  const checked = checkedCoreOptions(options);
  const { client = await dial(checked), name } = checked;
  return new ServerBroker(name, bodyOf(new Link(client, checked.client === undefined), checked));
}

function bodyOf(link: Link, options: CheckedCoreOptions): BrokerBody {
  const subjects = new Subjects(options.subjectPrefix, options.inboxPrefix);
  const publisher = new CorePublisher(link, options);
  return {
    capabilities: CAPABILITIES,
    link,
    now: () => options.scheduler.now(),
    get publishing() {
      return publisher.size;
    },
    publish: async (messages, signal) =>
      publisher.publish(
        messages.map((message) => outboundOf(message, subjects, link.client)),
        signal,
      ),
    subscribe: (broker, checked, onClosed) =>
      new CoreSubscription({ broker, link, subjects, options }, checked, onClosed),
    letterStore: () => {
      throw new Error('Core NATS keeps no letters.');
    },
    async close() {
      await publisher.close();
      await link.close();
    },
  };
}

const CAPABILITIES: BrokerCapabilities = /* @__PURE__ */ Object.freeze({
  delivery: 'at-most-once',
  groups: true,
  durableGroups: false,
  redelivery: false,
  delayedRedelivery: false,
  deliveryCount: false,
  order: 'total',
  orderAcrossRedelivery: false,
  history: false,
  replayFromTime: false,
  replayFromSequence: false,
  deduplication: false,
  lease: 'none',
  deadLetters: false,
  letterStores: false,
  atomicPublish: false,
  wildcards: true,
  restart: false,
});
