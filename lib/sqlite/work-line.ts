import { StoreUnavailableError } from '../sourcing/errors.ts';
import { explained, isBusy, isConstraint } from './failures.ts';
import type { SqliteDatabase, SqliteStatement } from './sqlite-database.ts';

/** Something to be done within a transaction. */
interface Job {
  readonly work: () => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The pauses between attempts at a database that is busy, in milliseconds: short, so that its lock is seldom missed. */
const BUSY_PAUSES_MS: readonly number[] = [1, 2, 5, 10, 25, 50];

/**
 * Does the work of one connection, in its order. What is asked for in one turn of the event loop is written in one transaction, so that many writers pay for one sync. Every
 * piece of work has a turn of the loop before it: the client works synchronously, and a loop of awaits would let nothing else run.
 */
export class WorkLine {
  readonly #database: SqliteDatabase;
  readonly #path: string;
  readonly #busyTimeoutMs: number;
  readonly #begin: SqliteStatement;
  readonly #commit: SqliteStatement;
  #jobs: Job[] = [];
  #writing: Promise<void> | undefined;

  constructor(database: SqliteDatabase, path: string, busyTimeoutMs: number) {
    this.#database = database;
    this.#path = path;
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
  }

  /** Does work that writes; it may be done twice, but only once for good. If the database cannot be written, nothing of it is. */
  write<Result>(work: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ work, resolve: resolve as (result: unknown) => void, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /** Does work that only reads. */
  async read<Result>(work: () => Result): Promise<Result> {
    await nextTurn();
    return this.#insist(work);
  }

  /** Resolves when nothing is being written. */
  async rest(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #writeAll(): Promise<void> {
    await nextTurn();
    while (this.#jobs.length > 0) {
      const jobs = this.#jobs;
      this.#jobs = [];
      await this.#writeTogether(jobs);
      if (this.#jobs.length > 0) await nextTurn();
    }
    this.#writing = undefined;
  }

  async #writeTogether(jobs: readonly Job[]): Promise<void> {
    try {
      const results = await this.#insist(() => this.#transact(() => jobs.map(({ work }) => work())));
      jobs.forEach(({ resolve }, index) => resolve(results[index]));
    } catch (error) {
      if (jobs.length === 1) jobs[0]!.reject(error);
      // One that cannot be written must not harm the others.
      else for (const job of jobs) await this.#writeTogether([job]);
    }
  }

  #transact<Result>(work: () => Result): Result {
    this.#begin.run();
    try {
      const result = work();
      this.#commit.run();
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // Some errors have rolled back already: https://sqlite.org/lang_transaction.html
    }
  }

  /** Does it again while another process writes, without blocking this one. */
  async #insist<Result>(work: () => Result): Promise<Result> {
    let waitedMs = 0;
    for (let attempt = 0; ; attempt++) {
      try {
        return work();
      } catch (error) {
        if (!isBusy(error)) throw isConstraint(error) ? error : explained(error, this.#path);
        if (waitedMs >= this.#busyTimeoutMs) throw this.#tooBusy(error);
      }
      const waitMs = BUSY_PAUSES_MS[Math.min(attempt, BUSY_PAUSES_MS.length - 1)]!;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      waitedMs += waitMs;
    }
  }

  #tooBusy(error: unknown): StoreUnavailableError {
    return new StoreUnavailableError(
      `Expected the SQLite database '${this.#path}' to be free within ${this.#busyTimeoutMs} ms, got one that another process writes to. Nothing was written: try again, keep other programs' transactions short, or raise busyTimeoutMs.`,
      { cause: error },
    );
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
