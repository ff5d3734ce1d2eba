import { type EventMessage, StampedMessage } from '../../core/message.ts';
import type { BrokerDelivery } from '../broker-delivery.ts';
import type { BrokerMessage } from '../broker-message.ts';

/** How an event came. */
export class Arrival {
  /** As it was on the wire. */
  readonly message: BrokerMessage;
  /** What is to be settled; none of an event that came back from the dead letters. */
  readonly delivery: BrokerDelivery | undefined;
  /** After how many milliseconds it is delivered again, if it is handed back. */
  redeliverAfterMs = 0;
  /** What a transactional handler has sent in its last attempt. */
  outputs: readonly BrokerMessage[] = [];

  constructor(message: BrokerMessage, delivery?: BrokerDelivery) {
    this.message = message;
    this.delivery = delivery;
  }
}

/** What a message is made of. */
export type MessageParts = Omit<EventMessage, 'toJSON'>;

/** A message that knows how it came. Nobody sees that: it prints, copies and compares like any other. */
export class ArrivedMessage extends StampedMessage<string, unknown> {
  readonly #arrival: Arrival;

  constructor({ id, type, time, data, source, subject, headers }: MessageParts, arrival: Arrival) {
    super(type, data, time, id, source, subject, headers);
    this.#arrival = arrival;
  }

  /** How a message came; of one that was made here, undefined. */
  static arrivalOf(message: EventMessage): Arrival | undefined {
    return message instanceof ArrivedMessage ? message.#arrival : undefined;
  }
}
