import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { StoreUnavailableError } from '../sourcing/errors.ts';
import { cannotConnect, cannotRead, failureOf, isConnectionLost, isLostRace, UnknownOutcomeError } from './failures.ts';
import {
  AS_TEXT,
  type OwnPool,
  type PostgresAnswer,
  type PostgresConnection,
  type PostgresPool,
} from './postgres-pool.ts';

/** Milliseconds to wait before a read is tried again that has lost its connection; a server starts again in a second or two. */
const READ_AGAIN_MS = [0, 100, 400, 1_000, 2_500];

/** How often a statement is tried again that has lost against another one. */
const MOST_RACES = 20;

/** A statement under a name of its own, so that it is parsed and planned once. */
export interface NamedStatement {
  readonly name: string;
  readonly text: string;
}

/** Runs statements on the connections of a pool, and knows which are under way. */
export class Connections {
  readonly #pool: PostgresPool;
  readonly #own: OwnPool | undefined;
  readonly #scheduler: SchedulerLike;
  readonly #pending = new Set<Promise<unknown>>();
  #isClosed = false;

  /** @param own - the pool, if it is to be ended with the store */
  constructor(pool: PostgresPool, own: OwnPool | undefined, scheduler: SchedulerLike = asyncScheduler) {
    this.#pool = pool;
    this.#own = own;
    this.#scheduler = scheduler;
    // Without a listener, a connection that is lost while nobody uses it would end the process.
    pool.on('error', ignore);
  }

  /** Whether there may be a connection that is kept for listening, and another one. */
  get isShareable(): boolean {
    return this.#pool.options?.max !== 1;
  }

  /** Runs a statement that only reads: again on another connection if one was lost. */
  async read(statement: NamedStatement, values: unknown[] = []): Promise<PostgresAnswer['rows']> {
    for (let attempt = 0; ; attempt++) {
      try {
        return takeRows(await this.write(statement, values));
      } catch (error) {
        const delayMs = READ_AGAIN_MS[attempt];
        if (!(error instanceof StoreUnavailableError) || !isConnectionLost(error.cause)) throw error;
        if (delayMs === undefined || this.#isClosed) {
          throw error instanceof UnknownOutcomeError ? cannotRead(error.cause) : error;
        }
        await new Promise<void>((resolve) => this.#scheduler.schedule(() => resolve(), delayMs));
      }
    }
  }

  /**
   * Runs a statement once, or again while it loses against another one.
   *
   * @throws UnknownOutcomeError if it was sent and not answered; other MillraceErrors if it was not carried out
   */
  async write(statement: NamedStatement, values: unknown[], constraint: string = ''): Promise<PostgresAnswer> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.use(async (connection) => connection.query({ ...statement, ...AS_TEXT, values }));
      } catch (error) {
        if (attempt === MOST_RACES || !isLostRace(causeOf(error), constraint)) throw error;
      }
    }
  }

  /**
   * Lends a connection. What its client throws becomes what users know; the cause is kept.
   *
   * @throws StoreUnavailableError if there is none: nothing was sent then
   */
  use<Result>(borrow: (connection: PostgresConnection) => Promise<Result>): Promise<Result> {
    const pending = this.#lend(borrow);
    this.#pending.add(pending);
    const settle = (): unknown => this.#pending.delete(pending);
    pending.then(settle, settle);
    return pending;
  }

  /** Takes a connection out of the pool, for whoever hands it back. */
  async take(): Promise<PostgresConnection> {
    const connection = await this.#pool.connect().catch((cause: unknown) => {
      throw cannotConnect(cause);
    });
    connection.on('error', ignore);
    return connection;
  }

  /** Hands a connection back. */
  release(connection: PostgresConnection, isBroken: boolean): void {
    connection.off('error', ignore);
    connection.release(isBroken);
  }

  /** Waits until all that is under way has ended; nothing is tried again. */
  async settled(): Promise<void> {
    this.#isClosed = true;
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  /** Lets go of the pool, and ends it if it is our own. */
  async close(): Promise<void> {
    await this.settled();
    await this.#own?.end();
    this.#pool.off('error', ignore);
  }

  async #lend<Result>(borrow: (connection: PostgresConnection) => Promise<Result>): Promise<Result> {
    const connection = await this.take();
    let isBroken = false;
    try {
      return await borrow(connection);
    } catch (error) {
      isBroken = isConnectionLost(error);
      throw failureOf(error);
    } finally {
      this.release(connection, isBroken);
    }
  }
}

/**
 * Leaves the answer empty: the garbage of `pg` links old answers to newer ones, so that each collection of young garbage would keep all rows that a long read has
 * had, until the next full one.
 */
function takeRows({ rows }: PostgresAnswer): PostgresAnswer['rows'] {
  return (rows as (readonly unknown[])[]).splice(0);
}

function ignore(): void {}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
