import type { SchedulerLike, Subscription } from 'rxjs';
import type { Connections } from './connections.ts';
import { AS_TEXT, type PostgresConnection } from './postgres-pool.ts';
import { quoteName } from './schema-name.ts';

/** The first wait before it listens again, in milliseconds; the next one is twice as long, up to the longest. */
const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 5_000;

/** A notification, as `pg` hands it over. */
interface Notification {
  readonly channel: string;
  readonly payload?: string | undefined;
}

/**
 * Listens on a connection of its own, and again on another when that is lost. What was told in between is not heard, so it wakes once when it
 * listens again. Until then the store polls.
 */
export class Listener {
  readonly #connections: Connections;
  readonly #channel: string;
  readonly #scheduler: SchedulerLike;
  readonly #hear: (payload: string | undefined) => void;
  #connection: PostgresConnection | undefined;
  #retry: Subscription | undefined;
  #failures = 0;
  #isStopped = false;
  #starting: Promise<void>;

  /** @param hear - called with what was told; with undefined when it begins to listen */
  constructor(
    connections: Connections,
    channel: string,
    scheduler: SchedulerLike,
    hear: (payload: string | undefined) => void,
  ) {
    this.#connections = connections;
    this.#channel = channel;
    this.#scheduler = scheduler;
    this.#hear = hear;
    this.#starting = this.#start();
  }

  /** Ends it, and waits until its connection is gone. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#retry?.unsubscribe();
    await this.#starting;
    this.#letGo();
  }

  async #start(): Promise<void> {
    try {
      const connection = await this.#connections.take();
      this.#connection = connection;
      connection.on('notification', this.#told);
      connection.on('error', this.#lose);
      connection.on('end', this.#lose);
      await connection.query({ text: `listen ${quoteName(this.#channel)}`, ...AS_TEXT });
      this.#failures = 0;
      this.#hear(undefined);
    } catch {
      this.#lose();
    }
  }

  readonly #told = (notification: unknown): void => {
    const { channel, payload } = notification as Notification;
    if (channel === this.#channel) this.#hear(payload);
  };

  readonly #lose = (): void => {
    this.#letGo();
    if (this.#isStopped || this.#retry !== undefined) return;
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures++);
    this.#retry = this.#scheduler.schedule(() => {
      this.#retry = undefined;
      this.#starting = this.#start();
    }, delayMs);
  };

  #letGo(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    connection.off('notification', this.#told);
    connection.off('error', this.#lose);
    connection.off('end', this.#lose);
    // Closed rather than handed back: nobody else is to hear what it listens to.
    this.#connections.release(connection, true);
  }
}
