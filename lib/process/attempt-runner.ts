import { from, isObservable, type ObservableInput, type SchedulerLike, type Subscription } from 'rxjs';
import { Chain } from '../core/chain.ts';
import { HandlerTimeoutError } from '../core/errors.ts';
import { isPromiseLike } from '../core/schema.ts';
import type { Attempt } from './delivery.ts';
import type { ErrorReports } from './error-reports.ts';
import type { HandlerFunction } from './handler.ts';

/** What the runner needs to know, and whom it tells. */
export interface AttemptRunnerOptions<Item> {
  readonly name: string;
  readonly call: HandlerFunction<Item, Attempt<Item>>;
  readonly timeoutMs: number | undefined;
  readonly scheduler: SchedulerLike;
  readonly errors: ErrorReports;
  readonly onSucceeded: (attempt: Attempt<Item>) => void;
  readonly onFailed: (attempt: Attempt<Item>, error: unknown) => void;
  /** Its time is over, and it is still to be aborted. */
  readonly onExpired: (attempt: Attempt<Item>, error: Error) => void;
  /** A result came of an attempt that had been given up. */
  readonly onLate: (attempt: Attempt<Item>) => void;
}

/**
 * Follows a promise with two functions that are made once per slot, not once per event. A slot whose attempt was given up
 * stays with its promise.
 */
class Slot<Item> {
  attempt: Attempt<Item> | undefined = undefined;
  readonly fulfilled: () => void;
  readonly rejected: (error: unknown) => void;

  constructor(release: (slot: Slot<Item>, attempt: Attempt<Item>, rejection?: { readonly error: unknown }) => void) {
    this.fulfilled = () => release(this, this.attempt!);
    this.rejected = (error) => release(this, this.attempt!, { error });
  }
}

/** Calls a handler and follows what it returns until it ends, fails, takes too long, or is stopped. */
export class AttemptRunner<Item> {
  /** In the order of their start, which is also that of their deadlines. */
  readonly inFlight: Chain<Attempt<Item>> = new Chain();
  private readonly options: AttemptRunnerOptions<Item>;
  private readonly timeoutMs: number | undefined;
  private readonly call: HandlerFunction<Item, Attempt<Item>>;
  private readonly freeSlots: Slot<Item>[] = [];
  /** One timer for all deadlines, armed for the attempt that will reach its own first. */
  private timer: Subscription | undefined;
  private armedFor: Attempt<Item> | undefined;

  constructor(options: AttemptRunnerOptions<Item>) {
    this.options = options;
    this.timeoutMs = options.timeoutMs;
    this.call = options.call;
  }

  /** Makes an attempt. */
  run(attempt: Attempt<Item>): void {
    this.inFlight.push(attempt);
    let result: unknown;
    try {
      result = this.call(attempt.event, attempt);
    } catch (error) {
      this.fail(attempt, error);
      return;
    }
    this.followResult(attempt, result);
  }

  /** Takes over an attempt whose handler was called already, and returned this. */
  follow(attempt: Attempt<Item>, result: unknown): void {
    this.inFlight.push(attempt);
    this.followResult(attempt, result);
  }

  /** Gives an attempt up, without telling it: what it still brings is late. */
  detach(attempt: Attempt<Item>): void {
    if (!attempt.isOver) this.end(attempt);
  }

  /** Tells an attempt that was given up. */
  abort(attempt: Attempt<Item>, reason: Error): void {
    try {
      attempt.abort(reason);
    } catch (error) {
      this.late(attempt, { error });
    }
  }

  /** Lets the timer go, as soon as nothing runs that it could be for. */
  rest(): void {
    if (this.timer === undefined || this.inFlight.size > 0) return;
    this.timer.unsubscribe();
    this.timer = undefined;
    this.armedFor = undefined;
  }

  private followResult(attempt: Attempt<Item>, result: unknown): void {
    try {
      // Stopped by its own call, such as a handler that closes itself.
      if (attempt.isOver) this.watchLate(attempt, result);
      else if (isPromiseLike(result)) this.followPromise(attempt, result);
      else if (isObservable(result)) this.followObservable(attempt, result);
      else this.succeed(attempt);
    } catch (error) {
      // Results may be made to throw when they are looked at.
      this.fail(attempt, error);
    }
  }

  private watchLate(attempt: Attempt<Item>, result: unknown): void {
    if (!isPromiseLike(result)) return;
    result.then(
      () => this.late(attempt, undefined),
      (error: unknown) => this.late(attempt, { error }),
    );
  }

  /** A handler that heeds its signal rejects with its reason, or with an AbortError: that is no news. */
  private late(attempt: Attempt<Item>, rejection: { readonly error: unknown } | undefined): void {
    const { errors, name, onLate } = this.options;
    const { stopReason } = attempt;
    onLate(attempt);
    if (!(stopReason instanceof HandlerTimeoutError)) return;
    const error = rejection === undefined ? stopReason : rejection.error;
    const isAnswer =
      rejection !== undefined && (error === stopReason || (error as Error | null)?.name === 'AbortError');
    if (!isAnswer) errors.report('late-result', error, name);
  }

  private followPromise(attempt: Attempt<Item>, result: PromiseLike<unknown>): void {
    const slot = this.freeSlots.pop() ?? new Slot<Item>(this.release);
    slot.attempt = attempt;
    // A thenable that is no promise might call back at once, or twice.
    (result instanceof Promise ? result : Promise.resolve(result)).then(slot.fulfilled, slot.rejected);
    this.watchDeadline();
  }

  private release = (slot: Slot<Item>, attempt: Attempt<Item>, rejection?: { readonly error: unknown }): void => {
    slot.attempt = undefined;
    this.freeSlots.push(slot);
    if (attempt.isOver) this.late(attempt, rejection);
    else if (rejection === undefined) this.succeed(attempt);
    else this.fail(attempt, rejection.error);
  };

  private followObservable(attempt: Attempt<Item>, result: ObservableInput<unknown>): void {
    const subscription = from(result).subscribe({
      complete: () => this.succeed(attempt),
      error: (error: unknown) => this.fail(attempt, error),
    });
    attempt.subscription = subscription;
    if (attempt.stopReason !== undefined) subscription.unsubscribe();
    else if (!attempt.isOver) this.watchDeadline();
  }

  private succeed(attempt: Attempt<Item>): void {
    if (attempt.isOver) return;
    this.end(attempt);
    this.options.onSucceeded(attempt);
  }

  private fail(attempt: Attempt<Item>, error: unknown): void {
    if (attempt.isOver) return;
    this.end(attempt);
    this.options.onFailed(attempt, error);
  }

  private end(attempt: Attempt<Item>): void {
    attempt.isOver = true;
    this.inFlight.remove(attempt);
  }

  private watchDeadline(): void {
    const { timeoutMs } = this;
    const { first } = this.inFlight;
    if (timeoutMs === undefined || this.timer !== undefined || first === undefined) return;
    const { scheduler } = this.options;
    // Not longer than the limit: the clock may have been set back meanwhile.
    const waitMs = Math.max(0, Math.min(timeoutMs, first.startedAt + timeoutMs - scheduler.now()));
    this.armedFor = first;
    this.timer = scheduler.schedule(() => this.expire(timeoutMs), waitMs);
  }

  private expire(timeoutMs: number): void {
    const { name, scheduler } = this.options;
    const now = scheduler.now();
    const armedFor = this.armedFor;
    this.timer = undefined;
    this.armedFor = undefined;
    // The one that the timer was for is due whatever the clock says: timers may fire a little early.
    const isDue = (attempt: Attempt<Item>): boolean => attempt === armedFor || attempt.startedAt + timeoutMs <= now;
    for (let { first } = this.inFlight; first !== undefined && isDue(first); { first } = this.inFlight) {
      const error = new HandlerTimeoutError(name, timeoutMs);
      this.detach(first);
      this.options.onExpired(first, error);
    }
    this.watchDeadline();
  }
}
