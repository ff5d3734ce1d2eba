import type { RabbitMqChannel, RabbitMqMessage } from './amqp.ts';

/**
 * The deliveries of one channel that are not settled yet. Acknowledgements of one turn of the event loop go together: all up to the first that is open as one, those
 * behind it one by one. Tags mean nothing on another channel, so a window ends with its channel.
 */
export class AckWindow<Open> {
  /** By tag; the lowest is the first. */
  readonly open: Map<number, Open> = new Map<number, Open>();
  readonly #channel: Pick<RabbitMqChannel, 'ack'>;
  #acknowledged: RabbitMqMessage[] = [];
  #flush: NodeJS.Immediate | undefined;

  constructor(channel: Pick<RabbitMqChannel, 'ack'>) {
    this.#channel = channel;
  }

  /** @returns whether it was open */
  ack(message: RabbitMqMessage): boolean {
    if (!this.open.delete(tagOf(message))) return false;
    this.#acknowledged.push(message);
    this.#flush ??= setImmediate(() => this.flush());
    return true;
  }

  /** Sends what is acknowledged. */
  flush(): void {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    const acknowledged = this.#acknowledged;
    this.#acknowledged = [];
    const [lowest = Infinity] = this.open.keys();
    let last: RabbitMqMessage | undefined;
    for (const message of acknowledged) {
      if (tagOf(message) > lowest) this.#channel.ack(message);
      else if (last === undefined || tagOf(message) > tagOf(last)) last = message;
    }
    // All below the first that is open are settled by now, or with this.
    if (last !== undefined) this.#channel.ack(last, true);
  }

  /** The channel is gone, and what was not sent with it. */
  end(): void {
    clearImmediate(this.#flush);
    this.#acknowledged = [];
    this.open.clear();
  }
}

function tagOf({ fields }: RabbitMqMessage): number {
  return fields.deliveryTag!;
}
