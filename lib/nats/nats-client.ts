/** Headers of a message, as `@nats-io/nats-core` has them. */
export interface NatsHeaders extends Iterable<[string, string[]]> {
  /** Of a message that only says how a request went; 0 otherwise. */
  readonly code: number;
  /** In words. */
  readonly description: string;
  /** The first value of a header; empty if there is none. */
  get(name: string): string;
}

/** A message as a client hands it out. */
export interface NatsMessage {
  /** What it was published on. */
  readonly subject: string;
  /** Where an answer is awaited. */
  readonly reply?: string | undefined;
  /** Its bytes. */
  readonly data: Uint8Array;
  /** Its headers, if it has any. */
  readonly headers?: NatsHeaders | undefined;
}

/** What becomes of a client's interest in a subject. */
export interface NatsInterest {
  /** Ends it at once. */
  unsubscribe(): void;
  /** Ends it when all that is on its way has come. */
  drain(): Promise<void>;
}

/** What becomes of a connection, until it is stopped. */
export interface NatsStatus extends AsyncIterable<{ readonly type: string }> {
  /** Ends it. */
  stop?(): void;
}

/** What is needed of a connection of `@nats-io/transport-node`, or of another transport of the same family, so any that has the same methods will do. */
export interface NatsClient {
  /** What the server has said of itself; absent while there is none. */
  readonly info?: { readonly max_payload: number; readonly version: string } | undefined;
  /** Sends a message. */
  publish(subject: string, payload?: Uint8Array, options?: { reply?: string; headers?: unknown }): void;
  /** Begins to listen. */
  subscribe(
    subject: string,
    options: { queue?: string; callback: (error: Error | null, message: NatsMessage) => void },
  ): NatsInterest;
  /** Resolves when the server has seen all that was sent before; rejects when the connection is lost. */
  flush(): Promise<void>;
  /** What becomes of the connection. */
  status(): NatsStatus;
  /** Resolves when it has ended, with the reason if there is one. */
  closed(): Promise<Error | void>;
  /** Whether it has ended. */
  isClosed(): boolean;
  /** Ends it. */
  close(): Promise<void>;
}
