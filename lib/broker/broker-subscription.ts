/// <reference lib="esnext.disposable" preserve="true" />
import type { BrokerDelivery } from './broker-delivery.ts';

/** What is wanted from a broker, and how much at a time. */
export interface SubscribeOptions {
  /** A topic, or several; NATS-style patterns (`*` one token, `>` one or more, at the end) need `wildcards`. */
  readonly topics: string | readonly string[];
  /**
   * Under whose name the broker keeps what was acknowledged: letters, digits, `-` and `_`. Subscriptions of one group compete for its messages. A group
   * keeps its topics: subscribing to others is an error.
   */
  readonly group: string;
  /**
   * Whether the group ends with its last subscription, and nothing is kept for it while none is open: for those who only want to listen for a while.
   * @defaultValue false
   */
  readonly isEphemeral?: boolean;
  /** Who it is within the group, for the broker's own displays and logs. @defaultValue the broker's name */
  readonly consumer?: string;
  /**
   * Deliveries that may be unsettled at a time; ≥ 1. It reaches the broker itself, so that what is beyond waits there (JetStream: `max_messages`;
   * RabbitMQ: prefetch; Kafka: paused partitions), and what an adapter reads ahead counts too.
   * @defaultValue 1
   */
  readonly maxInFlight?: number;
  /**
   * Where a group begins that the broker does not know yet; one that it knows goes on where it is. `earliest`, a time in epoch milliseconds
   * and a sequence include all from there on, as far as they are kept. A log in partitions begins at that sequence in each.
   * @defaultValue 'new': with what is published once `ready` has resolved
   */
  readonly from?: 'earliest' | 'new' | { readonly sequence: number } | { readonly time: number };
  /** Milliseconds after which what is unsettled comes again; \> 0. Needs `lease`. @defaultValue none, or what the broker is set up for */
  readonly leaseMs?: number;
  /** Where the broker puts what fails again and again, even by ending its process. Needs `deadLetters`. @defaultValue it comes again for ever */
  readonly deadLetter?: DeadLetterOptions;
}

/** When and where a broker gives a message up. */
export interface DeadLetterOptions {
  /** Where it goes: with its id, body, key and headers, and more headers that say whence. */
  readonly topic: string;
  /** How often it is delivered before; ≥ 1. */
  readonly maxDeliveries: number;
}

/**
 * One consumer of a group. It asks for messages by being iterated over: whoever does not ask is not given any, beyond what its adapter reads ahead.
 *
 * Several loops share the deliveries. Leaving a loop leaves the subscription as it is: what it took is still to be settled, and another loop may go on.
 */
export interface BrokerSubscription extends AsyncIterable<BrokerDelivery>, AsyncDisposable {
  /**
   * Resolves when the broker has the group and its topology: what is confirmed from then on comes to it. Rejects when it cannot be; loops then
   * end with the same error, so nobody has to wait for both.
   */
  readonly ready: Promise<void>;
  /** The deliveries as they come, until the subscription is closed; it throws when the broker has given the subscription up for good. */
  [Symbol.asyncIterator](): AsyncIterableIterator<BrokerDelivery, undefined>;
  /**
   * Asks for nothing more, ends its loops, and hands back what is unsettled; those deliveries are lost to it. To finish work first: leave the loop, settle, then
   * close. Idempotent: every call resolves when all is handed back.
   */
  close(): Promise<void>;
}
