import type { SchedulerLike } from 'rxjs';
import type { BrokerMessage } from '../broker/broker-message.ts';
import type { CheckedSubscription } from '../broker/check-subscription.ts';
import type { Held } from './partition-log.ts';
import type { SubscriptionSurroundings } from './subscription-surroundings.ts';
import { elsewhere, type Outbound, OWN, ownHeader } from './wire.ts';

/** The topic of what a group gets again later: each record says when, and how often it was delivered before. */
export class RetryTopic {
  /** Its name; undefined where delays are kept in memory. */
  readonly topic: string | undefined;
  readonly #scheduler: SchedulerLike;

  constructor({ topics, options }: SubscriptionSurroundings, { group, isEphemeral }: CheckedSubscription) {
    this.#scheduler = options.scheduler;
    // Nothing is kept for an ephemeral group.
    this.topic = options.redelivery === 'retry-topics' && !isEphemeral ? topics.retryTopic(group) : undefined;
  }

  /** What goes there for a message that is handed back. */
  record(topic: string, message: BrokerMessage, deliveries: number, delayMs: number): Outbound {
    const now = this.#scheduler.now();
    const more = { [OWN.deliveries]: String(deliveries), [OWN.due]: String(now + delayMs) };
    return elsewhere(message, topic, now, more);
  }

  /** Milliseconds until a record may be delivered. */
  waitOf({ log, raw }: Held): number {
    if (log.topic !== this.topic) return 0;
    const waitMs = Number(ownHeader(raw!, OWN.due)) - this.#scheduler.now();
    return waitMs > 0 ? waitMs : 0;
  }

  /** How often a record was delivered before it came here. */
  deliveriesOf({ log, raw }: Held): number {
    const count = log.topic === this.topic ? Number(ownHeader(raw!, OWN.deliveries)) : 0;
    return count > 0 ? count : 0;
  }
}
