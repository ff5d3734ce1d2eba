import type { Broker, BrokerCapabilities, BrokerDelivery } from 'millrace';

/** A broker that does some things otherwise. */
export function changedBroker(broker: Broker, changes: Partial<Broker>): Broker {
  const { name, capabilities, states } = broker;
  return {
    name,
    capabilities,
    states,
    publish: (...message) => broker.publish(...message),
    subscribe: (options) => broker.subscribe(options),
    letterStore: (of) => broker.letterStore(of),
    stats: () => broker.stats(),
    close: () => broker.close(),
    [Symbol.asyncDispose]: () => broker.close(),
    ...changes,
  };
}

/** A broker that says that it can do less. */
export function lesserBroker(broker: Broker, lacks: Partial<BrokerCapabilities>): Broker {
  return changedBroker(broker, { capabilities: { ...broker.capabilities, ...lacks } });
}

/** A broker whose deliveries do some things otherwise. */
export function deliveringOtherwise(
  broker: Broker,
  change: (delivery: BrokerDelivery) => Partial<Pick<BrokerDelivery, 'ack' | 'extend' | 'nack'>>,
): Broker {
  return changedBroker(broker, {
    subscribe: (options) => {
      const subscription = broker.subscribe(options);
      return {
        ready: subscription.ready,
        close: () => subscription.close(),
        [Symbol.asyncDispose]: () => subscription.close(),
        [Symbol.asyncIterator]: () => changedLoop(subscription[Symbol.asyncIterator](), change),
      };
    },
  });
}

function changedLoop(
  loop: AsyncIterator<BrokerDelivery, undefined>,
  change: (delivery: BrokerDelivery) => Partial<BrokerDelivery>,
): AsyncIterableIterator<BrokerDelivery, undefined> {
  const changed: AsyncIterableIterator<BrokerDelivery, undefined> = {
    next: async () => {
      const next = await loop.next();
      if (next.done === true) return next;
      const { value } = next;
      const own: BrokerDelivery = {
        message: value.message,
        deliveryCount: value.deliveryCount,
        get isOver() {
          return value.isOver;
        },
        get signal() {
          return value.signal;
        },
        ack: (options) => value.ack(options),
        nack: (options) => value.nack(options),
        extend: () => value.extend(),
      };
      return { done: false, value: Object.assign(own, change(value)) };
    },
    return: async () => {
      await loop.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => changed,
  };
  return changed;
}
