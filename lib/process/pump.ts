import type { DeadLetterReason } from '../core/dead-letter.ts';
import type { DropReason } from '../core/outcome.ts';
import type { CircuitBreaker } from '../flow/circuit.ts';
import type { Lanes } from '../flow/lanes.ts';
import { AttemptRunner } from './attempt-runner.ts';
import type { Attempt, Delivery } from './delivery.ts';
import { FailurePath } from './failure-path.ts';
import { Ledger } from './ledger.ts';
import type { SafeProbe } from './probe.ts';
import type { PumpOptions } from './pump-options.ts';
import type { Counters } from './stats.ts';
import { abandoned, superseded } from './stop-reasons.ts';
import { WaitingLine } from './waiting-line.ts';
import type { WaitingRoom } from './waiting-room.ts';

/**
 * Takes every event that was accepted to its one end: it waits in the room, is attempted as slots and lanes allow, is attempted again
 * on the failure path, and is settled.
 */
export class Pump<Item> {
  private readonly options: PumpOptions<Item>;
  private readonly concurrency: number;
  private readonly breaker: CircuitBreaker | undefined;
  private readonly probe: SafeProbe | undefined;
  private readonly line: WaitingLine<Item>;
  private readonly ledger: Ledger<Item>;
  private readonly runner: AttemptRunner<Item>;
  private readonly failurePath: FailurePath<Item>;
  /** Between attempts, or waiting for their letter to be stored. */
  private readonly recovering = new Set<Delivery<Item>>();
  private isRunning = false;
  private isPaused = false;
  private isClosed = false;

  constructor(options: PumpOptions<Item>) {
    const { name, handle, settings, probe, letters, errors } = options;
    const { timeoutMs, scheduler } = settings;
    this.options = options;
    this.concurrency = settings.concurrency;
    this.breaker = settings.breaker;
    this.probe = probe;
    this.line = new WaitingLine(settings, options.createAttempt, () => this.run());
    this.ledger = new Ledger({ name, probe, errors, release: (delivery) => this.room.release(delivery.key) });
    this.runner = new AttemptRunner({
      name,
      timeoutMs,
      scheduler,
      errors,
      call:
        probe === undefined
          ? handle
          : (event, attempt) => probe.around(attempt.delivery!, () => handle(event, attempt)),
      onSucceeded: (attempt) => this.succeeded(attempt),
      onFailed: (attempt, error) => this.failed(attempt, error),
      onExpired: (attempt, error) => {
        this.hold(() => {
          this.record(attempt, error);
          this.runner.abort(attempt, error);
          this.retryOrBury(attempt.delivery!, error);
        });
      },
      onLate: () => void this.counters.late++,
    });
    this.failurePath = new FailurePath({
      settings,
      letters,
      errors,
      probe,
      attemptAgain: (delivery) => this.attemptAgain(delivery),
      onEnded: (delivery) => this.recovered(delivery),
    });
  }

  get counters(): Counters {
    return this.ledger.counters;
  }

  get room(): WaitingRoom<Delivery<Item>> {
    return this.line.room;
  }

  get lanes(): Lanes<Delivery<Item>> | undefined {
    return this.line.lanes;
  }

  /** Whether an idle slot is the only thing that a new event needs. */
  get isClear(): boolean {
    const hasSlot = this.counters.pending < this.concurrency;
    return hasSlot && this.line.isClear && !this.isPaused && !this.isRunning;
  }

  /** Attempts in flight. */
  get running(): number {
    return this.runner.inFlight.size;
  }

  /** When the oldest attempt in flight began. */
  get oldestStart(): number | undefined {
    return this.runner.inFlight.first?.startedAt;
  }

  /** Lets an event in, to wait for its start. */
  enter(delivery: Delivery<Item>): void {
    this.ledger.take(delivery);
    this.line.push(delivery);
    this.ledger.tellTaken(delivery);
    this.run();
  }

  /** Takes an event whose handler was called already; `follow` or `failed` comes next. */
  adopt(delivery: Delivery<Item>): void {
    this.ledger.take(delivery);
    this.ledger.tellTaken(delivery);
  }

  /** Goes on with an attempt whose handler was called already and returned this. */
  follow(attempt: Attempt<Item>, result: unknown): void {
    this.runner.follow(attempt, result);
    if (this.isClosed && !attempt.isOver) this.abandon(attempt.delivery!);
    this.run();
  }

  /** Lets an event in for others, which are dropped. Whoever hears of that comes last, and finds the newcomer in its place. */
  replace(old: readonly Delivery<Item>[], reason: DropReason, newcomer: Delivery<Item>): void {
    this.hold(() => {
      const stopped = old.map((delivery) => {
        const attempt = this.detach(delivery);
        this.ledger.end(delivery, 'dropped', reason);
        return attempt;
      });
      this.enter(newcomer);
      const why = superseded(this.options.name);
      for (const attempt of stopped) if (attempt !== undefined) this.runner.abort(attempt, why);
      for (const delivery of old) this.ledger.tellEnd(delivery);
    });
  }

  /** What a newer event of this key supersedes: not what is dead, and only waits for its letter to be stored. */
  incumbents(key: unknown): readonly Delivery<Item>[] {
    const waiting = this.lanes?.dropFirst(key);
    const current = this.lanes?.current(key);
    return [waiting, current].filter(
      (delivery) => delivery !== undefined && delivery.letter === undefined,
    ) as Delivery<Item>[];
  }

  /** Drops an event that could not be let in. */
  drop(delivery: Delivery<Item>, reason: DropReason): void {
    this.ledger.end(delivery, 'dropped', reason);
    this.ledger.tellTaken(delivery);
    this.ledger.tellEnd(delivery);
  }

  /** Makes a dead letter of an event that could not be let in. */
  bury(delivery: Delivery<Item>, reason: DeadLetterReason, error: unknown): void {
    this.ledger.end(delivery, 'dead');
    this.ledger.tellTaken(delivery);
    this.failurePath.bury(delivery, reason, error);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.run();
  }

  /** Starts nothing more, and abandons all that is pending. Returns how many events that were. */
  close(): number {
    this.isClosed = true;
    this.isPaused = true;
    const pending = new Set(Array.from(this.runner.inFlight, ({ delivery }) => delivery!));
    for (const delivery of this.recovering) {
      if (delivery.letter === undefined) pending.add(delivery);
      else this.ledger.end(delivery, 'dead');
    }
    for (const delivery of this.line.close()) pending.add(delivery);
    for (const delivery of pending) this.abandon(delivery);
    this.runner.rest();
    return pending.size;
  }

  /** Starts whatever may start. A loop, not a recursion: a handler that ends at once is followed by the next one here. */
  run(): void {
    if (this.isRunning || !this.options.mayRun()) return;
    this.isRunning = true;
    do {
      for (let attempt = this.next(); attempt !== undefined; attempt = this.next()) this.start(attempt);
    } while (this.options.letIn());
    this.isRunning = false;
    if (this.runner.inFlight.size === 0) this.runner.rest();
    if (this.counters.pending === 0) this.line.rest();
    // With every slot taken there is nothing to say.
    if (this.counters.pending < this.concurrency) this.options.onRest();
  }

  private start(attempt: Attempt<Item>): void {
    if (attempt.attempt > 1) this.counters.retried++;
    this.probe?.tell('started', attempt.delivery!);
    this.runner.run(attempt);
  }

  private next(): Attempt<Item> | undefined {
    return this.isPaused ? undefined : this.line.next(this.running, this.counters.pending);
  }

  private succeeded(attempt: Attempt<Item>): void {
    const delivery = attempt.delivery!;
    const { retrying } = delivery;
    delivery.current = undefined;
    this.breaker?.succeeded(attempt.circuitPass);
    if (retrying === undefined) this.settle(delivery, 'handled');
    else retrying.complete();
    this.run();
  }

  /** An attempt failed by its handler. */
  failed(attempt: Attempt<Item>, error: unknown): void {
    this.record(attempt, error);
    this.retryOrBury(attempt.delivery!, error);
    this.run();
  }

  private record({ delivery, attempt, startedAt, circuitPass }: Attempt<Item>, error: unknown): void {
    const endedAt = this.options.settings.scheduler.now();
    delivery!.current = undefined;
    (delivery!.records ??= []).push({ attempt, startedAt, endedAt, error });
    this.breaker?.failed(circuitPass, endedAt);
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

  /** Starts nothing before all of this is done: it may call back with anything. */
  private hold(work: () => void): void {
    const wasRunning = this.isRunning;
    this.options.mayRun();
    this.isRunning = true;
    work();
    this.isRunning = wasRunning;
    this.run();
  }

  private attemptAgain(delivery: Delivery<Item>): void {
    this.line.pushRetry(delivery);
    this.run();
  }

  private recovered(delivery: Delivery<Item>): void {
    this.recovering.delete(delivery);
    this.settle(delivery, delivery.letter === undefined ? 'handled' : 'dead');
    this.run();
  }

  private settle(delivery: Delivery<Item>, outcome: 'dead' | 'handled'): void {
    this.ledger.end(delivery, outcome);
    this.ledger.tellEnd(delivery);
  }

  private abandon(delivery: Delivery<Item>): void {
    const reason = abandoned(this.options.name);
    const attempt = this.detach(delivery);
    this.ledger.end(delivery, 'dead');
    if (attempt !== undefined) this.runner.abort(attempt, reason);
    this.failurePath.bury(delivery, 'abandoned', reason);
  }

  /** Takes a delivery out of its attempt, its delay or its queue of retries, and returns the attempt, which is still to be aborted. */
  private detach(delivery: Delivery<Item>): Attempt<Item> | undefined {
    const { current, recovery } = delivery;
    delivery.current = undefined;
    delivery.retrying = undefined;
    this.recovering.delete(delivery);
    recovery?.unsubscribe();
    if (current === undefined) return undefined;
    this.breaker?.cancelled(current.circuitPass);
    this.runner.detach(current);
    return current;
  }
}
