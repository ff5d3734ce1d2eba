/** Properties and headers of a message, as `amqplib` has them. */
export interface RabbitMqProperties {
  /** By name; values may be of any kind that AMQP knows. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
  /** The media type of its content. */
  readonly contentType?: string | undefined;
  /** How its content is packed. */
  readonly contentEncoding?: string | undefined;
  /** What its publisher calls it. */
  readonly messageId?: string | undefined;
  /** Whole seconds since 1970. */
  readonly timestamp?: number | undefined;
  /** Higher ones first, in a queue with priorities. */
  readonly priority?: number | undefined;
  /** For its publisher's own use. */
  readonly correlationId?: string | undefined;
  /** Where an answer is expected. */
  readonly replyTo?: string | undefined;
  /** For its publisher's own use. */
  readonly type?: string | undefined;
  /** Which program has published it. */
  readonly appId?: string | undefined;
}

/** How a message is published. */
export interface RabbitMqPublish extends RabbitMqProperties {
  readonly persistent?: boolean | undefined;
  readonly mandatory?: boolean | undefined;
  /** Milliseconds after which its queue gives it up. */
  readonly expiration?: string | undefined;
}

/** A message that was delivered, or returned. */
export interface RabbitMqMessage {
  /** Its bytes. */
  readonly content: Uint8Array;
  /** Where it comes from. */
  readonly fields: {
    readonly deliveryTag?: number;
    readonly redelivered?: boolean;
    /** How many more there are, when it was asked for. */
    readonly messageCount?: number;
    readonly exchange: string;
    readonly routingKey: string;
  };
  /** What its publisher says of it. */
  readonly properties: RabbitMqProperties;
}

/** How a queue is declared. */
export interface RabbitMqQueueOptions {
  /** Whether it survives the server. */
  readonly durable?: boolean;
  /** Whether it ends with its last consumer. */
  readonly autoDelete?: boolean;
  /** What else it is told. */
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/** How an exchange is declared. */
export interface RabbitMqExchangeOptions {
  /** Whether nobody can publish to it. */
  readonly internal?: boolean;
  /** What else it is told. */
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/** What is needed of a channel of `amqplib`. */
export interface RabbitMqChannel {
  /** Declares an exchange. */
  assertExchange(name: string, type: string, options?: RabbitMqExchangeOptions): Promise<unknown>;
  /** Looks for an exchange. */
  checkExchange(name: string): Promise<unknown>;
  /** Declares a queue. */
  assertQueue(name: string, options?: RabbitMqQueueOptions): Promise<{ readonly messageCount: number }>;
  /** Looks for a queue. */
  checkQueue(name: string): Promise<{ readonly messageCount: number }>;
  /** Binds a queue to an exchange. */
  bindQueue(
    queue: string,
    exchange: string,
    pattern: string,
    headers?: Readonly<Record<string, unknown>>,
  ): Promise<unknown>;
  /** Limits what is delivered and not acknowledged. */
  prefetch(count: number): Promise<unknown>;
  /** Begins to consume; `null` says that the server has ended it. */
  consume(
    queue: string,
    listener: (message: RabbitMqMessage | null) => void,
    options?: { readonly consumerTag?: string; readonly exclusive?: boolean },
  ): Promise<{ readonly consumerTag: string }>;
  /** Takes one message. */
  get(queue: string): Promise<RabbitMqMessage | false>;
  /** Ends consuming. */
  cancel(consumerTag: string): Promise<unknown>;
  /** Acknowledges a message, or all up to it. */
  ack(message: RabbitMqMessage, allUpTo?: boolean): void;
  /** Hands a message back, or all up to it. */
  nack(message: RabbitMqMessage, allUpTo?: boolean, requeue?: boolean): void;
  /** Ends the channel. */
  close(): Promise<unknown>;
  /** Listens to its end, or to room for more. */
  on(event: 'close' | 'drain', listener: () => void): unknown;
  /** Listens to why the server ends it. */
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Listens to messages that nobody gets. */
  on(event: 'return', listener: (message: RabbitMqMessage) => void): unknown;
}

/** What is needed of a channel with confirms. */
export interface RabbitMqConfirmChannel extends RabbitMqChannel {
  /** Sends a message; `false` asks to wait for `drain`. */
  publish(
    exchange: string,
    routingKey: string,
    content: Uint8Array,
    // Of `amqplib`'s own type, which knows no property that is undefined.
    properties: object,
    confirmed: (error: unknown) => void,
  ): boolean;
}

/** What is needed of a connection of `amqplib`, made by its `connect()`; so any that has the same methods will do. */
export interface RabbitMqConnection {
  /** What lies below it. */
  readonly connection?: unknown;
  /** Opens a channel. */
  createChannel(): Promise<RabbitMqChannel>;
  /** Opens a channel whose publishes are confirmed. */
  createConfirmChannel(): Promise<RabbitMqConfirmChannel>;
  /** Ends it. */
  close(): Promise<unknown>;
  /** Listens to its end, or to an error before that. */
  on(event: 'close' | 'error', listener: (error?: Error) => void): unknown;
  /** Ends listening. */
  off(event: 'close' | 'error', listener: (error?: Error) => void): unknown;
}

/** Ends a channel; its own promise stays open for ever when the connection is lost meanwhile. */
export function closeChannel(channel: RabbitMqChannel): Promise<void> {
  return new Promise((resolve) => {
    channel.on('close', () => resolve());
    try {
      channel.close().then(
        () => resolve(),
        () => resolve(),
      );
    } catch {
      resolve();
    }
  });
}
