import type { EventBus } from '../../bus/event-bus.ts';
import type { BusStats } from '../../bus/bus-stats.ts';
import type { EventSource, MessageFrom, Reachable } from '../../bus/event-source.ts';
import type { BusHandlerContext, EventSubscription, OnOptions } from '../../bus/event-subscription.ts';
import type { EventDefinition } from '../../core/event-definition.ts';
import type { ConfirmedReport } from '../../core/outcome.ts';
import type { RetryPolicy } from '../../flow/retry-policy.ts';
import type { Handler } from '../../process/handler.ts';
import type { Batched } from '../../process/processor-options.ts';
import type { BrokerStats } from '../broker-stats.ts';
import type { SubscribeOptions } from '../broker-subscription.ts';

/** When and how often a broker delivers an event again that a handler could not handle, all attempts of a delivery having failed. */
export interface RedeliveryPolicy extends Pick<RetryPolicy, 'delayMs' | 'jitter' | 'maxDelayMs' | 'multiplier'> {
  /** Deliveries, the first one included; ≥ 2. After the last one the event is dead. */
  readonly maxDeliveries: number;
}

/** Options of `on` across a broker. `overflow` has no place here: what finds no room waits in the broker. */
export interface BrokeredOnOptions<Message> extends OnOptions<Message> {
  /**
   * Names the handler, and with the group its durable consumer, which goes on where it was: letters, digits, `-` and `_`. Must be given. Handlers of one name in
   * several processes of the group share the events. Except on Kafka, a consumer keeps its topics: to handle other events than before, take another name, or delete it on the server.
   */
  readonly name?: string;
  /** Events that are read ahead, beyond `concurrency`; ≥ 0. They wait in this process, and come again if it ends. @defaultValue 256 */
  readonly capacity?: number;
  /**
   * Events with the same key are handled one at a time, in order, across retries and redelivery, in all processes of the group: needs a broker that keeps such
   * an order (`orderAcrossRedelivery`), and events that were published with a broker's key that is the same wherever this one is. With `batch`, each holds one
   * event of a key, as the broker gives the next one when it is settled: many events of few keys wait `maxWaitMs` each.
   */
  readonly key?: (event: Message) => unknown;
  /** Where it begins if the broker does not know it yet; else it goes on where it was. @defaultValue that of the bus */
  readonly from?: NonNullable<SubscribeOptions['from']>;
  /** Lets the broker deliver an event again, later and without a slot, when all its attempts have failed. Needs `redelivery`; delays need `delayedRedelivery`. Where the broker's `deliveryCount` is not exact (Kafka), the count begins anew when a process dies. @defaultValue none: it is dead */
  readonly redelivery?: RedeliveryPolicy;
  /**
   * Whether what the handler emits by its context is published if, and only if, its event is acknowledged: nothing of a failed attempt gets out, and nothing gets out twice. Needs `atomicPublish`.
   * `context.publish` is refused then, as nobody could wait for it. What it emits of a redriven event, for which there is nothing to acknowledge, is published before its letter is removed.
   * @defaultValue false
   */
  readonly isTransactional?: boolean;
}

/** What the handlers of a brokered bus are told. */
export interface BrokeredHandlerContext<Known extends EventDefinition = EventDefinition> extends BusHandlerContext<
  Known,
  ConfirmedReport
> {
  /**
   * How often the broker has delivered this event to this handler's group, this time included, as exactly as its capability `deliveryCount` says; `attempt` counts within one delivery. Of a batch, the highest.
   */
  readonly deliveryCount: number;
}

/** What a brokered bus has done and has to do. */
export interface BrokeredBusStats extends BusStats {
  /** The broker's own. */
  readonly broker: BrokerStats & { readonly name: string };
  /** What was emitted, and the broker has not confirmed yet. */
  readonly outgoing: OutgoingStats;
  /** Deliveries that were lost before they were settled: the broker has given them to another, or gives them again. */
  readonly lost: number;
}

/** What waits to be published. */
export interface OutgoingStats {
  /** Events that were emitted and are not confirmed. */
  readonly waiting: number;
  /** As the option says. */
  readonly capacity: number;
  /** Events that were given up for want of room. */
  readonly dropped: number;
}

/**
 * An event bus across a broker: the same face, with the broker in between.
 *
 * What is different: `publish` resolves when the broker has confirmed, and its report says so; `emit` puts an event into a bounded buffer, from which it is published in order; a handler's name must be
 * given, and its events come from its own durable consumer; `events`, `once` and the subscribers of `subject` hear what is published from now on, by the way, without acknowledgement, and are complete
 * if the broker gives their subscription up; an event that is abandoned goes back to the broker instead of into the dead letters.
 */
export interface BrokeredEventBus<Known extends EventDefinition = EventDefinition> extends EventBus<
  Known,
  ConfirmedReport
> {
  /**
   * Handles events, as in process; each is acknowledged when it has been handled, or its dead letter is stored, or a policy that you chose has dropped it, and never before.
   *
   * @throws InvalidOptionError for a name that is missing, or for an option that the broker has no capability for
   */
  on<const Source extends EventSource<Known>>(
    source: Reachable<Source, Known> & Source,
    handler: Handler<MessageFrom<Source, Known>, BrokeredHandlerContext<Known>>,
    options?: BrokeredOnOptions<MessageFrom<Source, Known>>,
  ): EventSubscription;
  /** The same in batches: the handler is given arrays of events. */
  on<const Source extends EventSource<Known>>(
    source: Reachable<Source, Known> & Source,
    handler: Handler<readonly MessageFrom<Source, Known>[], BrokeredHandlerContext<Known>>,
    options: Batched<BrokeredOnOptions<MessageFrom<Source, Known>>>,
  ): EventSubscription;
  /** What the bus, and its broker, have done and have to do, now. */
  stats(): BrokeredBusStats;
}
