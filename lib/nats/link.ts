import { BehaviorSubject } from 'rxjs';
import { BrokerUnavailableError } from '../broker/broker-errors.ts';
import type { BrokerState } from '../broker/broker-stats.ts';
import { textOf } from './failures.ts';
import type { NatsClient, NatsStatus } from './nats-client.ts';

/** Who lives on a connection, which its client makes again when it is lost. */
export interface LinkUser {
  /** It is there again: what was sent on the one before may have arrived or not. */
  reconnected(): void;
  /** There will be none any more. */
  severed(error: Error): void;
}

/** The connection to a server, and what its client says of it. */
export class Link {
  readonly client: NatsClient;
  readonly state: BehaviorSubject<BrokerState> = new BehaviorSubject<BrokerState>('connected');
  /** How often it was made again. */
  reconnects = 0;
  /** Why there will be none any more. */
  error: Error | undefined = undefined;
  readonly #isOwn: boolean;
  readonly #users = new Set<LinkUser>();
  readonly #status: NatsStatus;

  /** @param isOwn - whether it is ours to close */
  constructor(client: NatsClient, isOwn: boolean) {
    this.client = client;
    this.#isOwn = isOwn;
    this.#status = client.status();
    void this.#watch();
    void this.#mourn();
  }

  get isConnected(): boolean {
    return this.state.value === 'connected';
  }

  attach(user: LinkUser): void {
    this.#users.add(user);
    if (this.error !== undefined) user.severed(this.error);
  }

  detach(user: LinkUser): void {
    this.#users.delete(user);
  }

  /** Ends it, unless it is the user's. */
  async close(): Promise<void> {
    this.end();
    // An iterator of a client that lives on would be fed for ever.
    this.#status.stop?.();
    if (this.#isOwn) await this.client.close();
  }

  /** Says that it is over. */
  end(): void {
    if (this.state.value === 'closed') return;
    this.state.next('closed');
    this.state.complete();
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#status) {
      if (this.state.value === 'closed') return;
      if (type === 'disconnect') this.#lose();
      else if (type === 'reconnect') this.#regain();
    }
  }

  #lose(): void {
    if (this.isConnected) this.state.next('reconnecting');
  }

  #regain(): void {
    this.reconnects++;
    this.state.next('connected');
    for (const user of this.#users) user.reconnected();
  }

  /** A client ends by itself when it is told to by who has made it. */
  async #mourn(): Promise<void> {
    const cause = await this.client.closed();
    if (this.state.value === 'closed') return;
    const got = cause instanceof Error ? textOf(cause) : 'it was closed';
    this.error = new BrokerUnavailableError(
      `Expected the connection to NATS to stay, got: ${got}. Close the broker before its client, and make another.`,
      { cause },
    );
    this.end();
    for (const user of this.#users) user.severed(this.error);
  }
}
