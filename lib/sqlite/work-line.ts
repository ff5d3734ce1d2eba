import type { SchedulerLike } from 'rxjs';
import type { Command, Connection } from './connection.ts';
import { commitFailureOf, failureOf, isBusy, tooBusy } from './failures.ts';

/** Which database it is, and how long it is waited for. */
export interface WorkSettings {
  /** Names it in errors. */
  readonly path: string;
  readonly busyTimeoutMs: number;
  readonly scheduler: SchedulerLike;
}

/** Something to be done within a transaction. */
interface Job {
  readonly work: () => unknown;
  readonly weight: number;
  /** When it began to wait. */
  readonly since: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The pauses between attempts at a database that is busy, in milliseconds. Short at most, too: between two others who take turns the lock is free for a moment only. */
const BUSY_PAUSES_MS: readonly number[] = [1, 2, 3, 5, 7, 10];

/** A transaction begins no further work when it has so much: every event weighs 1, and a hundred thousand take about a second, for which nothing else runs. */
const MOST_WEIGHT = 1_000;

/**
 * Does the work of one connection. What is asked for in one turn of the event loop is written in one transaction, so that many writers pay for one sync. Every
 * piece of work has a turn of the loop before it: the client works synchronously, and a loop of awaits would let nothing else run.
 */
export class WorkLine {
  readonly #connection: Connection;
  readonly #settings: WorkSettings;
  readonly #begin: Command;
  readonly #commit: Command;
  #jobs: Job[] = [];
  readonly #reads = new Set<Promise<unknown>>();
  /** So many jobs at the front are done one by one. */
  #alone = 0;
  /** Since when others write; what has waited for work of our own has not waited for them. */
  #busySince = 0;
  #writing: Promise<void> | undefined;

  constructor(connection: Connection, settings: WorkSettings) {
    this.#connection = connection;
    this.#settings = settings;
    this.#begin = connection.command('BEGIN IMMEDIATE');
    this.#commit = connection.command('COMMIT');
  }

  /**
   * Does work that writes. If it throws, or the transaction cannot be committed, nothing of it is written. It may be done again, but is written once.
   *
   * @param weight - how much it is, in rows
   */
  write<Result>(work: () => Result, weight: number = 1): Promise<Result> {
    return new Promise((resolve, reject) => {
      const since = this.#settings.scheduler.now();
      this.#jobs.push({ work, weight, since, resolve: resolve as (result: unknown) => void, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /** Does work that only reads. */
  read<Result>(work: () => Result): Promise<Result> {
    const reading = this.#read(work);
    this.#reads.add(reading);
    const forget = (): void => void this.#reads.delete(reading);
    reading.then(forget, forget);
    return reading;
  }

  /** Waits until all that was asked for has ended. */
  async rest(): Promise<void> {
    while (this.#reads.size > 0 || this.#writing !== undefined) {
      await Promise.allSettled([...this.#reads, this.#writing]);
      // Whoever was answered may have another question yet.
      await nextTurn();
    }
  }

  async #read<Result>(work: () => Result): Promise<Result> {
    await nextTurn();
    const since = this.#settings.scheduler.now();
    for (let attempt = 0; ; attempt++) {
      try {
        return work();
      } catch (error) {
        if (!isBusy(error)) throw failureOf(this.#settings.path, error);
        if (this.#isLate(since)) throw this.#tooBusy(error);
      }
      await this.#pause(attempt);
    }
  }

  async #writeAll(): Promise<void> {
    await nextTurn();
    for (let attempt = 0; this.#jobs.length > 0;) {
      const failure = this.#tryToBegin();
      if (attempt === 0) this.#busySince = this.#settings.scheduler.now();
      if (failure === undefined) this.#writeTogether(this.#take());
      else this.#refuse(failure.error);
      attempt = failure === undefined ? 0 : attempt + 1;
      // Those who have been answered come with more in this turn.
      await (failure === undefined ? nextTurn() : this.#pause(attempt - 1));
    }
    this.#writing = undefined;
  }

  #tryToBegin(): { readonly error: unknown } | undefined {
    try {
      this.#begin([]);
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  /** Refuses those that have waited for too long; and all, if it is not that others write. */
  #refuse(error: unknown): void {
    const isWaiting = (job: Job): boolean => isBusy(error) && !this.#isLate(Math.max(job.since, this.#busySince));
    const jobs = this.#jobs;
    this.#jobs = jobs.filter(isWaiting);
    this.#alone = 0;
    const failure = isBusy(error) ? this.#tooBusy(error) : failureOf(this.#settings.path, error);
    for (const job of jobs) if (!isWaiting(job)) job.reject(failure);
  }

  /** The jobs for one transaction. */
  #take(): readonly Job[] {
    if (this.#alone > 0) {
      this.#alone--;
      return this.#jobs.splice(0, 1);
    }
    let weight = 0;
    const last = this.#jobs.findIndex((job) => (weight += job.weight) >= MOST_WEIGHT);
    return this.#jobs.splice(0, last < 0 ? this.#jobs.length : last + 1);
  }

  #writeTogether(jobs: readonly Job[]): void {
    const { path } = this.#settings;
    let results: readonly unknown[];
    try {
      results = jobs.map(({ work }) => work());
    } catch (error) {
      this.#rollBack();
      if (jobs.length === 1) return jobs[0]!.reject(failureOf(path, error));
      // One that cannot be written must not harm the others.
      this.#jobs.unshift(...jobs);
      this.#alone = jobs.length;
      return;
    }
    try {
      this.#commit([]);
    } catch (error) {
      this.#rollBack();
      const failure = commitFailureOf(path, error);
      for (const { reject } of jobs) reject(failure);
      return;
    }
    jobs.forEach(({ resolve }, index) => resolve(results[index]));
  }

  #rollBack(): void {
    try {
      this.#connection.execute('ROLLBACK');
    } catch {
      // Some errors have rolled back already: https://sqlite.org/lang_transaction.html
    }
  }

  #isLate(since: number): boolean {
    return this.#settings.scheduler.now() - since >= this.#settings.busyTimeoutMs;
  }

  #tooBusy(error: unknown): Error {
    return tooBusy(this.#settings.path, this.#settings.busyTimeoutMs, error);
  }

  async #pause(attempt: number): Promise<void> {
    const pauseMs = BUSY_PAUSES_MS[Math.min(attempt, BUSY_PAUSES_MS.length - 1)]!;
    await new Promise<void>((resolve) => this.#settings.scheduler.schedule(() => resolve(), pauseMs));
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
