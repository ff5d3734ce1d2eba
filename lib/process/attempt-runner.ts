import { from, isObservable, type ObservableInput, type SchedulerLike, type Subscription } from 'rxjs';
import { Chain } from '../core/chain.ts';
import { HandlerTimeoutError } from '../core/errors.ts';
import { isPromiseLike } from '../core/schema.ts';
import { Call } from './delivery.ts';
import type { ErrorReports } from './error-reports.ts';

/** What the runner needs to know, and whom it tells. */
export interface AttemptRunnerOptions<Item> {
  readonly name: string;
  /** Calls the handler. */
  readonly invoke: (call: Call<Item>) => unknown;
  readonly timeoutMs: number | undefined;
  readonly scheduler: SchedulerLike;
  readonly errors: ErrorReports;
  readonly onSucceeded: (call: Call<Item>, result: unknown) => void;
  readonly onFailed: (call: Call<Item>, error: unknown) => void;
  /** Its time is over, and it is still to be aborted. */
  readonly onExpired: (call: Call<Item>, error: Error) => void;
  /** A result came of a call that had been given up. */
  readonly onLate: () => void;
  /** A slot is free again, and the call that has ended. */
  readonly onFree: (call?: Call<Item>) => void;
}

/** Calls a handler and follows what it returns until it ends, fails, takes too long, or is stopped. */
export class AttemptRunner<Item> {
  /** In the order of their start, which is also that of their deadlines. */
  readonly inFlight: Chain<Call<Item>> = new Chain();
  private readonly options: AttemptRunnerOptions<Item>;
  private readonly timeoutMs: number | undefined;
  /** Calls the handler; may be exchanged. */
  invoke: (call: Call<Item>) => unknown;
  private readonly onSucceeded: (call: Call<Item>, result: unknown) => void;
  private readonly onFree: (call?: Call<Item>) => void;
  /** Calls that have ended, to be used again. One that was given up goes with its promise: of those there may be any number. */
  private readonly ended: Call<Item>[] = [];
  /** One timer for all deadlines, armed for the call that will reach its own first. */
  private timer: Subscription | undefined;
  private armedFor: Call<Item> | undefined;
  private armedSince = 0;

  constructor(options: AttemptRunnerOptions<Item>) {
    this.options = options;
    this.timeoutMs = options.timeoutMs;
    this.invoke = options.invoke;
    this.onSucceeded = options.onSucceeded;
    this.onFree = options.onFree;
  }

  /** A call to be filled and run, or given back. */
  take(): Call<Item> {
    return this.ended.pop() ?? new Call(this.fulfilled, this.rejected);
  }

  /** Takes back a call of which nothing will come any more. */
  giveBack(call: Call<Item>): void {
    call.clear();
    this.ended.push(call);
  }

  /** Makes an attempt. */
  run(call: Call<Item>): void {
    this.inFlight.push(call);
    let result: unknown;
    try {
      result = this.invoke(call);
    } catch (error) {
      this.fail(call, error);
      return;
    }
    this.followResult(call, result);
  }

  /** Takes over a call that was made already, and returned this. */
  follow(call: Call<Item>, result: unknown): void {
    this.inFlight.push(call);
    this.followResult(call, result);
  }

  /** Gives a call up, without telling it: what it still brings is late. */
  detach(call: Call<Item>): void {
    if (!call.isOver) this.end(call);
  }

  /** Tells a call that was given up. */
  abort(call: Call<Item>, reason: Error): void {
    try {
      call.abort(reason);
    } catch (error) {
      this.late(call, { error });
    }
  }

  /** Lets the timer go, as soon as nothing runs that it could be for. */
  rest(): void {
    if (this.timer === undefined || this.inFlight.size > 0) return;
    this.timer.unsubscribe();
    this.timer = undefined;
    this.armedFor = undefined;
  }

  private followResult(call: Call<Item>, result: unknown): void {
    try {
      // Stopped by its own call, such as a handler that closes itself.
      if (call.isOver) this.watchLate(call, result);
      else if (typeof result !== 'object' || result === null) this.succeed(call, result);
      else if (result instanceof Promise && result.constructor === Promise) this.followPromise(call, result);
      // A thenable, or a promise of a class of its own, might call back at once, or twice.
      else if (isPromiseLike(result)) this.followPromise(call, Promise.resolve(result));
      else if (isObservable(result)) this.followObservable(call, result);
      else this.succeed(call, result);
    } catch (error) {
      // Results may be made to throw when they are looked at.
      this.fail(call, error);
    }
  }

  private watchLate(call: Call<Item>, result: unknown): void {
    if (!isPromiseLike(result)) return;
    result.then(
      () => this.late(call, undefined),
      (error: unknown) => this.late(call, { error }),
    );
  }

  /** A handler that heeds its signal rejects with its reason, or with an AbortError: that is no news. */
  private late(call: Call<Item>, rejection: { readonly error: unknown } | undefined): void {
    const { errors, name, onLate } = this.options;
    const { stopReason } = call;
    onLate();
    if (!(stopReason instanceof HandlerTimeoutError)) return;
    const error = rejection === undefined ? stopReason : rejection.error;
    const isAnswer =
      rejection !== undefined && (error === stopReason || (error as Error | null)?.name === 'AbortError');
    if (!isAnswer) errors.report('late-result', error, name);
  }

  private followPromise(call: Call<Item>, result: Promise<unknown>): void {
    result.then(call.fulfilled, call.rejected);
    if (this.timeoutMs !== undefined) this.watchDeadline();
  }

  private readonly fulfilled = (call: Call<Item>, result: unknown): void => {
    if (call.isOver) this.late(call, undefined);
    else this.succeed(call, result);
  };

  private readonly rejected = (call: Call<Item>, error: unknown): void => {
    if (call.isOver) this.late(call, { error });
    else this.fail(call, error);
  };

  private followObservable(call: Call<Item>, result: ObservableInput<unknown>): void {
    let last: unknown;
    const subscription = from(result).subscribe({
      next: (value) => (last = value),
      complete: () => this.endObservable(call, () => this.onSucceeded(call, last)),
      error: (error: unknown) => this.endObservable(call, () => this.options.onFailed(call, error)),
    });
    call.subscription = subscription;
    if (call.stopReason !== undefined) subscription.unsubscribe();
    else if (!call.isOver) this.watchDeadline();
  }

  /** Such a call is not used again: its subscription may not have been given to it yet. */
  private endObservable(call: Call<Item>, tell: () => void): void {
    if (call.isOver) return;
    this.end(call);
    tell();
    this.onFree();
  }

  private succeed(call: Call<Item>, result: unknown): void {
    this.end(call);
    this.onSucceeded(call, result);
    this.onFree(call);
  }

  private fail(call: Call<Item>, error: unknown): void {
    if (call.isOver) return;
    this.end(call);
    this.options.onFailed(call, error);
    this.onFree(call);
  }

  private end(call: Call<Item>): void {
    call.isOver = true;
    call.context.isOver = true;
    this.inFlight.remove(call);
  }

  private watchDeadline(): void {
    const { timeoutMs } = this;
    const { first } = this.inFlight;
    if (timeoutMs === undefined || this.timer !== undefined || first === undefined) return;
    const { scheduler } = this.options;
    // Not longer than the limit: the clock may have been set back meanwhile.
    const waitMs = Math.max(0, Math.min(timeoutMs, first.startedAt + timeoutMs - scheduler.now()));
    this.armedFor = first;
    this.armedSince = first.startedAt;
    this.timer = scheduler.schedule(() => this.expire(timeoutMs), waitMs);
  }

  private expire(timeoutMs: number): void {
    const { name, scheduler } = this.options;
    const now = scheduler.now();
    const { armedFor, armedSince } = this;
    this.timer = undefined;
    this.armedFor = undefined;
    // The one that the timer was for is due whatever the clock says: timers may fire a little early.
    const isDue = (call: Call<Item>): boolean =>
      call.startedAt + timeoutMs <= now || (call === armedFor && call.startedAt === armedSince);
    for (let { first } = this.inFlight; first !== undefined && isDue(first); { first } = this.inFlight) {
      const error = new HandlerTimeoutError(name, timeoutMs);
      this.detach(first);
      this.options.onExpired(first, error);
    }
    this.watchDeadline();
  }
}
