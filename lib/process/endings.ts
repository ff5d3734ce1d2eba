import type { DeadLetter, DeadLetterReason } from '../core/dead-letter.ts';
import type { CircuitBreaker } from '../flow/circuit.ts';
import type { DeadLetterSink } from '../flow/dead-letter-to.ts';
import type { AttemptRunner } from './attempt-runner.ts';
import type { Call, Delivery } from './delivery.ts';
import type { HandsBack } from './engine-surroundings.ts';
import type { ErrorReports } from './error-reports.ts';
import { FailurePath } from './failure-path.ts';
import type { Ledger } from './ledger.ts';
import type { PartWatch } from './part-watch.ts';
import type { HandlerPart } from './probe.ts';
import type { ProcessorSettings } from './processor-options.ts';
import { abandoned } from './stop-reasons.ts';

/** What endings need of their pump. */
export interface EndingsOptions<Item> {
  readonly part: HandlerPart;
  readonly settings: ProcessorSettings<Item>;
  readonly letters: DeadLetterSink<DeadLetter<Item>>;
  readonly errors: ErrorReports;
  readonly watch: PartWatch;
  readonly handsBack: HandsBack<Item> | undefined;
  readonly ledger: Ledger<Item>;
  readonly runner: AttemptRunner<Item>;
  /** Makes another attempt as soon as there is a slot. */
  readonly attemptAgain: (delivery: Delivery<Item>) => void;
  /** The failure path of a delivery has ended. */
  readonly onRecovered: () => void;
}

/**
 * Brings what has begun to its one end: by success, by the failure path, or because it is given up.
 */
export class Endings<Item> {
  private readonly options: EndingsOptions<Item>;
  private readonly breaker: CircuitBreaker | undefined;
  private readonly ledger: Ledger<Item>;
  private readonly failurePath: FailurePath<Item>;
  /** Between attempts, or waiting for their letter to be stored. */
  private readonly recovering = new Set<Delivery<Item>>();
  private isClosed = false;
  /** Events that were given up when it closed, or, of a call in progress then, right after. */
  abandoned = 0;

  constructor(options: EndingsOptions<Item>) {
    const { settings, letters, errors, watch, handsBack, attemptAgain } = options;
    this.options = options;
    this.breaker = settings.breaker;
    this.ledger = options.ledger;
    this.failurePath = new FailurePath({
      settings,
      letters,
      errors,
      watch,
      handsBack,
      attemptAgain,
      onEnded: (delivery) => this.recovered(delivery),
    });
  }

  succeeded({ delivery, lane, circuitPass }: Call<Item>, result: unknown): void {
    this.breaker?.succeeded(circuitPass);
    if (delivery === undefined) {
      this.ledger.endPlain(lane);
      return;
    }
    const { retrying } = delivery;
    delivery.current = undefined;
    delivery.result = result;
    if (retrying === undefined) this.settle(delivery, 'handled');
    else retrying.complete();
  }

  failed(call: Call<Item>, error: unknown): void {
    this.retryOrBury(this.record(call, error), error);
  }

  /** Its time is over. Whoever is told may supersede or close it. */
  expired(call: Call<Item>, error: Error): void {
    const delivery = this.record(call, error);
    this.options.runner.abort(call, error);
    this.retryOrBury(delivery, error);
  }

  /** Makes a dead letter of an event that could not be let in. */
  bury(delivery: Delivery<Item>, reason: DeadLetterReason, error: unknown): void {
    this.ledger.end(delivery, 'dead');
    this.ledger.tellTaken(delivery);
    this.failurePath.bury(delivery, reason, error);
  }

  /** Gives up on a delivery: it is dead, unless it goes back. */
  abandon(delivery: Delivery<Item>): void {
    const reason = abandoned(this.options.part.name);
    const call = this.detach(delivery);
    this.abandoned += delivery.members?.length ?? 1;
    this.failurePath.offerBack(delivery, 'abandoned', reason);
    this.ledger.end(delivery, 'dead');
    if (call !== undefined) this.options.runner.abort(call, reason);
    this.failurePath.bury(delivery, 'abandoned', reason);
  }

  /** Takes a delivery out of its call, its delay or its queue of retries, and returns the call, which is still to be aborted. */
  detach(delivery: Delivery<Item>): Call<Item> | undefined {
    const { current, recovery } = delivery;
    delivery.current = undefined;
    delivery.retrying = undefined;
    this.recovering.delete(delivery);
    recovery?.unsubscribe();
    if (current === undefined) return undefined;
    this.breaker?.cancelled(current.circuitPass);
    this.options.runner.detach(current);
    return current;
  }

  /** Gives up on all that is pending. */
  close(waiting: readonly Delivery<Item>[]): void {
    const { part, runner } = this.options;
    this.isClosed = true;
    const pending = new Set(Array.from(runner.inFlight, (call) => call.deliveryOf(part)));
    for (const delivery of this.recovering) {
      if (delivery.letter === undefined) pending.add(delivery);
      else this.ledger.end(delivery, 'dead');
    }
    for (const delivery of waiting) pending.add(delivery);
    // The abort of one may have ended another.
    for (const delivery of pending) if (!delivery.isEnded) this.abandon(delivery);
  }

  private record(call: Call<Item>, error: unknown): Delivery<Item> {
    const { part, settings } = this.options;
    const delivery = call.deliveryOf(part);
    const { attempts: attempt } = delivery;
    const { startedAt, circuitPass } = call;
    const endedAt = settings.scheduler.now();
    delivery.current = undefined;
    (delivery.records ??= []).push({ attempt, startedAt, endedAt, error });
    this.tellBreaker(circuitPass, endedAt, error);
    return delivery;
  }

  private tellBreaker(pass: number | undefined, now: number, error: unknown): void {
    try {
      this.breaker?.failed(pass, now, error);
    } catch (policyError) {
      this.options.errors.report('policy', policyError, this.options.part.name);
    }
  }

  private retryOrBury(delivery: Delivery<Item>, error: unknown): void {
    const { retrying } = delivery;
    // Aborting the attempt may have called somebody who superseded or closed it.
    if (delivery.isEnded) return;
    if (this.isClosed) {
      this.abandon(delivery);
    } else if (retrying === undefined) {
      this.recovering.add(delivery);
      this.failurePath.recover(delivery, error);
    } else {
      delivery.retrying = undefined;
      retrying.error(error);
    }
  }

  private recovered(delivery: Delivery<Item>): void {
    this.recovering.delete(delivery);
    this.settle(delivery, delivery.letter === undefined ? 'handled' : 'dead');
    this.options.onRecovered();
  }

  private settle(delivery: Delivery<Item>, outcome: 'dead' | 'handled'): void {
    this.ledger.end(delivery, outcome);
    this.ledger.tellEnd(delivery);
  }
}
