/**
 * What a broker can do: a closed set of names, each of which is a promise with cases of its own in `brokerContract`. The values of each are listed from the
 * weakest to the strongest; a stronger one includes the weaker ones.
 *
 * What a broker has not, it refuses: an option that needs it is an InvalidOptionError where it is given, never ignored.
 *
 * | | core NATS | JetStream | Kafka | RabbitMQ (quorum) |
 * | --- | --- | --- | --- | --- |
 * | `delivery` | at-most-once | at-least-once | at-least-once | at-least-once |
 * | `groups`, `wildcards` | yes | yes | yes | yes |
 * | `durableGroups`, `redelivery`, `restart` | – | yes | yes | yes |
 * | `delayedRedelivery` | – | yes | by retry topics | by TTL queues |
 * | `deliveryCount` | – | yes | – | yes |
 * | `order` | total | total | key | total |
 * | `orderAcrossRedelivery` | – | one in flight | lanes in the adapter | one in flight |
 * | `history`, `replayFromTime`, `replayFromSequence` | – | yes | yes | – |
 * | `deduplication` | – | yes | – | – |
 * | `lease` | none | extendable | none | none |
 * | `deadLetters` | – | – | – | yes |
 * | `letterStores` | – | yes | yes | yes |
 * | `atomicPublish` | – | – | with transactions | – |
 */
export interface BrokerCapabilities {
  /**
   * How often a message comes. `at-most-once`: it may be lost, and settling says nothing to the broker. `at-least-once`: once confirmed, it comes to
   * each group until it is acknowledged, and may be repeated. `exactly-once`: and never again after its `ack()` has resolved. (No broker
   * keeps your handler's *effects* from being repeated, when it dies before its `ack()`.)
   */
  readonly delivery: 'at-least-once' | 'at-most-once' | 'exactly-once';
  /** Subscriptions of one group share its messages; each group gets all. */
  readonly groups: boolean;
  /** A group that has begun keeps its place, and what is published, while none of its subscriptions is open. */
  readonly durableGroups: boolean;
  /** What is handed back, by `nack()` or by a subscription that closes, comes again. */
  readonly redelivery: boolean;
  /** `nack({ delayMs })`: it comes again, and not before. */
  readonly delayedRedelivery: boolean;
  /** `deliveryCount` is exact; otherwise it counts how often a message was handed back by `nack()`, and begins anew when a process or a connection ends. */
  readonly deliveryCount: boolean;
  /** In which order a group's messages are first delivered: as they were published to a topic (`total`), or those of one key to a topic (`key`). */
  readonly order: 'key' | 'none' | 'total';
  /** While a message is unsettled, or waits to come again, the group gets none that is behind it in that order. */
  readonly orderAcrossRedelivery: boolean;
  /** Messages are kept for groups that begin later: `from: 'earliest'`. */
  readonly history: boolean;
  /** A group may begin at a time: `from: { time }`. */
  readonly replayFromTime: boolean;
  /** A group may begin at a place in the log: `from: { sequence }`; receipts and deliveries say theirs. */
  readonly replayFromSequence: boolean;
  /** A message whose id was published a short while ago is confirmed, and not kept again. */
  readonly deduplication: boolean;
  /** What is unsettled for `leaseMs` comes again (`fixed`); `extend()` gives it that time anew (`extendable`). */
  readonly lease: 'extendable' | 'fixed' | 'none';
  /** What has been delivered `maxDeliveries` times without an acknowledgement goes to the dead-letter topic, by the broker itself. */
  readonly deadLetters: boolean;
  /** The broker keeps letters by name: `letterStore(name)`. */
  readonly letterStores: boolean;
  /** `ack({ publish })`: the acknowledgement and the messages stand or fall together. */
  readonly atomicPublish: boolean;
  /** Subscriptions may name topics by the patterns `*` and `>`. */
  readonly wildcards: boolean;
  /** What was confirmed, and what groups have acknowledged, survives a restart of the broker; clients reconnect by themselves. */
  readonly restart: boolean;
}

/** The name of a capability. */
export type CapabilityName = keyof BrokerCapabilities;

/** The values of each capability, the weakest first. */
export const CAPABILITY_LEVELS: { readonly [Name in CapabilityName]: readonly BrokerCapabilities[Name][] } = {
  delivery: ['at-most-once', 'at-least-once', 'exactly-once'],
  groups: [false, true],
  durableGroups: [false, true],
  redelivery: [false, true],
  delayedRedelivery: [false, true],
  deliveryCount: [false, true],
  order: ['none', 'key', 'total'],
  orderAcrossRedelivery: [false, true],
  history: [false, true],
  replayFromTime: [false, true],
  replayFromSequence: [false, true],
  deduplication: [false, true],
  lease: ['none', 'fixed', 'extendable'],
  deadLetters: [false, true],
  letterStores: [false, true],
  atomicPublish: [false, true],
  wildcards: [false, true],
  restart: [false, true],
};
