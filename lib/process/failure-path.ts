import { Observable, Subscription, throwError } from 'rxjs';
import type { DeadLetter, DeadLetterReason } from '../core/dead-letter.ts';
import { HandlerTimeoutError } from '../core/errors.ts';
import { isPromiseLike } from '../core/schema.ts';
import { type DeadLetterSink, deadLetterTo } from '../flow/dead-letter-to.ts';
import type { DecideRetry, RetryDecision } from '../flow/retry-policy.ts';
import { retryBy } from '../flow/retry-with-backoff.ts';
import type { Delivery } from './delivery.ts';
import type { HandsBack } from './engine-surroundings.ts';
import type { ErrorReports } from './error-reports.ts';
import { letterId } from './letter-id.ts';
import type { PartWatch } from './part-watch.ts';
import type { Retry } from './probe.ts';
import type { ProcessorSettings } from './processor-options.ts';

/** What the failure path needs of the engine. */
export interface FailurePathOptions<Item> {
  readonly settings: ProcessorSettings<Item>;
  readonly letters: DeadLetterSink<DeadLetter<Item>>;
  readonly errors: ErrorReports;
  readonly watch: PartWatch;
  readonly handsBack: HandsBack<Item> | undefined;
  /** Makes another attempt as soon as there is a slot; its end is told to `delivery.retrying`. */
  readonly attemptAgain: (delivery: Delivery<Item>) => void;
  /** The path has ended: with a letter, or by a successful attempt. */
  readonly onEnded: (delivery: Delivery<Item>) => void;
}

/**
 * What follows a failed attempt: RxJS's own `retry({ delay })` around the attempts and `catchError` into the dead letters. It is built for a delivery
 * that failed; success never comes here.
 */
export class FailurePath<Item> {
  readonly #options: FailurePathOptions<Item>;

  constructor(options: FailurePathOptions<Item>) {
    this.#options = options;
  }

  /** Retries a delivery whose first attempt failed, as the policy says. */
  recover(delivery: Delivery<Item>, error: unknown): void {
    const { decideRetry, scheduler } = this.#options.settings;
    if (decideRetry === undefined) {
      this.bury(delivery, reasonOf('exhausted', error), error);
      return;
    }
    this.#end(delivery, this.#attempts(delivery, error).pipe(retryBy(this.#decide(delivery, decideRetry), scheduler)));
  }

  /** Lets a delivery go back to where it came from, if it may: then it has no letter. */
  offerBack(delivery: Delivery<Item>, reason: DeadLetterReason, error: unknown): void {
    const { handsBack } = this.#options;
    if (handsBack === undefined) return;
    for (const each of delivery.members ?? [delivery]) each.isHandedBack ||= handsBack(each.event, reason, error);
  }

  /** Makes a dead letter of a delivery. */
  bury(delivery: Delivery<Item>, reason: DeadLetterReason, error: unknown): void {
    delivery.deadReason = reason;
    this.#end(
      delivery,
      throwError(() => error),
    );
  }

  #end(delivery: Delivery<Item>, attempts: Observable<never>): void {
    const toLetters = (error: unknown): readonly DeadLetter<Item>[] => this.#writeAll(delivery, error);
    const sink = { next: (letters: readonly DeadLetter<Item>[]) => this.#store(letters) };
    // Before it runs: whoever is told may close the processor, which unsubscribes it.
    const path = new Subscription();
    delivery.recovery = path;
    path.add(
      attempts.pipe(deadLetterTo(sink, toLetters)).subscribe({ complete: () => this.#options.onEnded(delivery) }),
    );
  }

  /** Each subscription is one attempt; the first one has been made already, and failed. */
  #attempts(delivery: Delivery<Item>, firstError: unknown): Observable<never> {
    let isFirst = true;
    return new Observable((subscriber) => {
      if (isFirst) {
        isFirst = false;
        subscriber.error(firstError);
      } else {
        delivery.retrying = subscriber;
        this.#options.attemptAgain(delivery);
      }
    });
  }

  /** The policy's decision, noted for the letter. A policy that throws counts as a refusal. */
  #decide(delivery: Delivery<Item>, decideRetry: DecideRetry): DecideRetry {
    return (attempt, error) => {
      let decision: RetryDecision;
      try {
        decision = decideRetry(attempt, error);
      } catch (policyError) {
        this.#options.errors.report('policy', policyError, delivery.handler);
        decision = { retry: false, because: 'rejected' };
      }
      // Whoever was asked may have closed the processor, or superseded the event: this wait is called off, and no letter is written.
      if (delivery.isEnded) return { retry: true, delayMs: 0 };
      if (decision.retry) this.#tellRetried(delivery, { error, delayMs: decision.delayMs });
      else delivery.deadReason = reasonOf(decision.because, error);
      return decision;
    };
  }

  #tellRetried(delivery: Delivery<Item>, retry: Retry): void {
    const { watch } = this.#options;
    for (const each of delivery.members ?? [delivery]) {
      // Whoever was told of another one may have closed the processor.
      if (each.isEnded) return;
      watch.audience?.retried(each, retry);
    }
  }

  /** A batch has a letter for each of its events that is dead. */
  #writeAll(delivery: Delivery<Item>, error: unknown): readonly DeadLetter<Item>[] {
    const { members = [delivery] } = delivery;
    this.offerBack(delivery, delivery.deadReason, error);
    const dead = members.filter(({ isHandedBack }) => !isHandedBack);
    const letters = dead.map((each) => this.#write(each, delivery, error));
    delivery.letter = letters[0];
    return letters;
  }

  #store(letters: readonly DeadLetter<Item>[]): Promise<unknown> | undefined {
    const stored = letters.map((letter) => this.#options.letters.next(letter)).filter(isPromiseLike);
    return stored.length === 0 ? undefined : Promise.all(stored);
  }

  #write(delivery: Delivery<Item>, handled: Delivery<Item>, error: unknown): DeadLetter<Item> {
    const { settings, errors, watch } = this.#options;
    const { event, handler, redriven } = delivery;
    const { deadReason: reason, records: attempts = [] } = handled;
    const time = settings.scheduler.now();
    const id = letterId(settings.createId, time, errors);
    const headers = watch.audience?.burying(delivery, error);
    const letter = { id, event, handler, reason, error, attempts, time, redriven };
    return (delivery.letter = headers === undefined ? letter : { ...letter, headers });
  }
}

/** `timeout` says of a used-up delivery that its last error was a timeout. */
function reasonOf(because: 'exhausted' | 'rejected', error: unknown): DeadLetterReason {
  return because === 'exhausted' && error instanceof HandlerTimeoutError ? 'timeout' : because;
}
