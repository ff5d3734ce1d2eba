/**
 * A message as a broker carries it: bytes with headers. What the bytes mean is nobody's business here.
 *
 * What a broker hands out equals what was published: the same id, topic, bytes, headers and key; `time` is filled in where it was absent.
 */
export interface BrokerMessage {
  /** Says which message this is, wherever it goes and however often it is repeated. A broker that removes duplicates does so by it. */
  readonly id: string;
  /** Where it goes: dot-separated tokens without spaces and wildcards, such as `'user.signed_up'`. */
  readonly topic: string;
  /** Any bytes, none too. Both sides own theirs: a broker copies what it keeps. */
  readonly body: Uint8Array;
  /** Texts by name. Names are ASCII without spaces; values are any Unicode text, encoded by the adapter where its server has less. */
  readonly headers: Readonly<Record<string, string>>;
  /** What must stay in order with its like, such as a user's id. @defaultValue none: in order with nothing, unless the order is total */
  readonly key?: string;
  /** When it was published: epoch milliseconds. @defaultValue the broker's time */
  readonly time?: number;
}

/** What a broker says of a message that it has confirmed. */
export interface PublishReceipt {
  /** The message's id. */
  readonly id: string;
  /** Whether the broker had a message of this id already, and has not kept a second one. Always `false` without `deduplication`. */
  readonly isDuplicate: boolean;
  /** Its place in the log, for `from: { sequence }`, where the broker says it. */
  readonly sequence?: number;
  /** Whether anybody will get it, where the broker knows: some group, or a later one from the log (RabbitMQ: `mandatory`). */
  readonly isRouted?: boolean;
}
