import type { BrokerDelivery, BrokerMessage, BrokerSubscription } from 'millrace';

/** A message whose id is its letter. */
export function messageOf(id: string, changes: Partial<BrokerMessage> = {}): BrokerMessage {
  return { id, topic: 'orders', body: new TextEncoder().encode(id), headers: {}, ...changes };
}

/** One for each letter. */
export function messagesOf(ids: string, changes: Partial<BrokerMessage> = {}): readonly BrokerMessage[] {
  return Array.from(ids, (id) => messageOf(id, changes));
}

/** A loop over a subscription that keeps what it is given, unsettled. */
export function keep(subscription: BrokerSubscription): BrokerDelivery[] {
  const kept: BrokerDelivery[] = [];
  void (async () => {
    for await (const delivery of subscription) kept.push(delivery);
  })();
  return kept;
}

/** The ids of deliveries, with the count of those that came again: `a b2`. */
export function shown(deliveries: readonly BrokerDelivery[]): string {
  return deliveries
    .map(({ message: { id }, deliveryCount }) => (deliveryCount === 1 ? id : `${id}${deliveryCount}`))
    .join(' ');
}
