import { BehaviorSubject, type SchedulerLike, type Subscription } from 'rxjs';
import { BrokerUnavailableError } from '../broker/broker-errors.ts';
import type { BrokerState } from '../broker/broker-stats.ts';
import type { RabbitMqConnection } from './amqp.ts';
import type { Dial } from './dial.ts';
import { textOf } from './failures.ts';

/** The first wait before it connects again, in milliseconds; the next one is twice as long, up to the longest. */
const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 5_000;
/** Milliseconds for a server to say goodbye. */
const GOODBYE_MS = 2_000;

/** Who lives on a connection, and on the next one after it is lost. What lived on the lost one has heard it from its channels. */
export interface LinkUser {
  /** There is a connection. */
  connected(connection: RabbitMqConnection): void;
  /** There will be none any more. */
  severed(error: Error): void;
}

/** The connection to a server, made again when it is lost. */
export class Link {
  readonly state: BehaviorSubject<BrokerState> = new BehaviorSubject<BrokerState>('connected');
  /** How often it was made again. */
  reconnects = 0;
  readonly #dial: Dial | undefined;
  readonly #scheduler: SchedulerLike;
  readonly #users = new Set<LinkUser>();
  #attempt = new AbortController();
  #isEnding = false;
  #connection: RabbitMqConnection | undefined;
  #dialing: Promise<void> = Promise.resolve();
  #retry: Subscription | undefined;
  #failures = 0;
  #cause: unknown;

  /** @param dial - makes another; without it, the first one is the user's, and the only one */
  constructor(connection: RabbitMqConnection, dial: Dial | undefined, scheduler: SchedulerLike) {
    this.#dial = dial;
    this.#scheduler = scheduler;
    this.#take(connection);
  }

  get connection(): RabbitMqConnection | undefined {
    return this.#connection;
  }

  attach(user: LinkUser): void {
    this.#users.add(user);
    if (this.#connection !== undefined) user.connected(this.#connection);
  }

  detach(user: LinkUser): void {
    this.#users.delete(user);
  }

  /** Ends it, unless it is the user's. */
  async close(): Promise<void> {
    this.#isEnding = true;
    this.#attempt.abort();
    this.#retry?.unsubscribe();
    this.#end();
    await this.#dialing;
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#letGo(connection);
    if (this.#dial !== undefined) await this.#hangUp(connection);
  }

  readonly #lost = (): void => {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#letGo(connection);
    if (this.#isEnding) return;
    if (this.#dial !== undefined) {
      this.state.next('reconnecting');
      this.#connectLater();
      return;
    }
    this.#end();
    const error = new BrokerUnavailableError(
      `Expected the connection that was given as client to stay, got: ${textOf(this.#cause ?? 'it was closed')}. Only who made it can make another; with connect, the broker does.`,
      { cause: this.#cause },
    );
    for (const user of this.#users) user.severed(error);
  };

  readonly #failed = (error: unknown): void => {
    this.#cause = error;
  };

  #take(connection: RabbitMqConnection): void {
    this.#connection = connection;
    // Without a listener, an error would end the process. It is followed by 'close'.
    connection.on('error', this.#failed);
    connection.on('close', this.#lost);
  }

  #letGo(connection: RabbitMqConnection): void {
    this.#connection = undefined;
    connection.off('close', this.#lost);
    if (this.#dial === undefined) connection.off('error', this.#failed);
  }

  #connectLater(): void {
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures++);
    this.#retry = this.#scheduler.schedule(() => {
      this.#dialing = this.#connect(this.#dial!);
    }, delayMs);
  }

  async #connect(dial: Dial): Promise<void> {
    try {
      // One signal for all attempts would keep a listener of each.
      this.#attempt = new AbortController();
      const connection = await dial(this.#attempt.signal);
      this.#take(connection);
      if (this.#isEnding) return;
      this.#failures = 0;
      this.reconnects++;
      this.state.next('connected');
      for (const user of this.#users) user.connected(connection);
    } catch {
      if (!this.#isEnding) this.#connectLater();
    }
  }

  #end(): void {
    if (this.state.value === 'closed') return;
    this.state.next('closed');
    this.state.complete();
  }

  /** A server that is away says nothing: its socket is closed all the same. */
  async #hangUp(connection: RabbitMqConnection): Promise<void> {
    let timer: Subscription | undefined;
    const late = new Promise<void>((resolve) => {
      timer = this.#scheduler.schedule(() => resolve(), GOODBYE_MS);
    });
    await Promise.race([goodbye(connection), late]);
    timer?.unsubscribe();
    destroySocket(connection);
  }
}

async function goodbye(connection: RabbitMqConnection): Promise<void> {
  try {
    await connection.close();
  } catch {
    // It was lost meanwhile.
  }
}

/** There is no method for it: `amqplib` waits for the server. */
function destroySocket({ connection }: { readonly connection?: unknown }): void {
  if (hasStream(connection)) connection.stream.destroy();
}

function hasStream(connection: unknown): connection is { readonly stream: { destroy(): unknown } } {
  return typeof connection === 'object' && connection !== null && 'stream' in connection;
}
