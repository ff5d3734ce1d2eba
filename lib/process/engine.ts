/// <reference lib="esnext.disposable" preserve="true" />
import type { Observable, Subscription } from 'rxjs';
import { ClosedError, HandlerTimeoutError, MillraceError, OverflowError } from '../core/errors.ts';
import { assertNever, expectDelay } from '../core/options.ts';
import type { DeadLetter } from '../core/dead-letter.ts';
import type { DropReason, Outcome, Settlement } from '../core/outcome.ts';
import { RingBuffer } from '../core/ring-buffer.ts';
import { Lanes } from '../flow/lanes.ts';
import { Attempt, type CreateAttempt } from './attempt.ts';
import { AttemptRunner } from './attempt-runner.ts';
import type { DeadLetterQueue } from './dead-letter-queue.ts';
import { Delivery, type SettlementListener } from './delivery.ts';
import { Drainage } from './drainage.ts';
import type { ErrorReports, ReportedError } from './error-reports.ts';
import { FailurePath } from './failure-path.ts';
import { type Handler, handlerFunction, type HandlerFunction } from './handler.ts';
import { type Probe, SafeProbe } from './probe.ts';
import type { AcceptedEvent, Processor } from './processor.ts';
import { type ProcessorOptions, processorSettings, type ProcessorSettings } from './processor-options.ts';
import type { RedriveTarget } from './redrive.ts';
import { Sender, Senders } from './senders.ts';
import { Counters, type DrainOptions, type DrainReport, type ProcessorStats } from './stats.ts';
import { TimeSlice } from './time-slice.ts';
import { SingleQueue, type WaitingRoom } from './waiting-room.ts';

/** What the owner of an engine gives it: a bus to all of its handlers, `createProcessor` to its one. */
export interface EngineSurroundings<Item> {
  readonly name: string;
  readonly deadLetters: DeadLetterQueue<Item>;
  readonly errors: ErrorReports;
  readonly probe: Probe | undefined;
  /** Makes the contexts of the handler. @defaultValue plain ones */
  readonly createAttempt?: CreateAttempt<Item>;
  /** Called whenever nothing is left to do. */
  readonly onIdle?: () => void;
  /** Called once, when it closes. */
  readonly onClosed?: () => void;
}

/** What became of an offered event at once. `lost`: taken, and at once dead or dropped. `rejected`: not taken. */
export type Verdict = 'lost' | 'rejected' | 'suspended' | 'taken';

/**
 * The one place where a handler is run.
 *
 * Most events find their handler idle and are done when it returns: they cost two counters and the call (`#callNow`). An event that must
 * wait, or whose handler returns something to wait for, gets a {@link Delivery}. One loop (`#drain`) starts whatever may start.
 */
export class Engine<Item> implements Processor<Item>, RedriveTarget<Item> {
  readonly name: string;
  readonly deadLetters: DeadLetterQueue<Item>;
  readonly #errors: ErrorReports;
  readonly #settings: ProcessorSettings<Item>;
  readonly #probe: SafeProbe | undefined;
  readonly #createAttempt: CreateAttempt<Item>;
  readonly #onIdle: (() => void) | undefined;
  readonly #onClosed: (() => void) | undefined;
  readonly #disconnect: () => void;

  readonly #handle: HandlerFunction<Item, Attempt<Item>>;
  /** Whether the handler declares a context parameter; if not, contexts that it cannot see are used again. */
  readonly #takesContext: boolean;
  #spare: Attempt<Item> | undefined;

  readonly #counters = new Counters();
  readonly #limit: number;
  readonly #room: WaitingRoom<Delivery<Item>>;
  readonly #lanes: Lanes<Delivery<Item>> | undefined;
  /** Without keys and with one slot, all is one lane: it stays closed while an event is between attempts. */
  readonly #isOneLane: boolean;
  readonly #senders = new Senders<Item>();
  readonly #runner: AttemptRunner<Item>;
  readonly #failurePath: FailurePath<Item>;
  /** Between attempts, or waiting for their letter to be stored. */
  readonly #recovering = new Set<Delivery<Item>>();
  /** Whose delay is over; they start before what has never run. */
  readonly #retries = new RingBuffer<Delivery<Item>>();
  readonly #slice: TimeSlice;

  #state: ProcessorStats['state'] = 'open';
  #drainage: Drainage | undefined;
  #circuitTimer: Subscription | undefined;
  /** Below so many pending events, a new one may be called at once: the concurrency, or 0 while anything waits or is special. */
  #directLimit = 0;
  readonly #mayCallDirectly: boolean;
  /** A handler call within `offer` is on the stack. */
  #isInline = false;
  #isDraining = false;

  constructor(handler: Handler<Item>, options: ProcessorOptions<Item>, surroundings: EngineSurroundings<Item>) {
    const { name, deadLetters, errors, probe, createAttempt, onIdle, onClosed } = surroundings;
    const settings = processorSettings(options);
    const { concurrency, capacity, key, strategy, breaker, scheduler, timeoutMs, decideRetry, createId } = settings;
    const handle = handlerFunction(handler);
    this.name = name;
    this.deadLetters = deadLetters;
    this.#errors = errors;
    this.#settings = settings;
    this.#probe = probe && new SafeProbe(probe, errors);
    this.#createAttempt = createAttempt ?? createPlainAttempt;
    this.#onIdle = onIdle;
    this.#onClosed = onClosed;
    this.#handle = handle;
    this.#takesContext = handle.length > 1;
    this.#limit = concurrency + capacity;
    this.#lanes = key !== undefined || strategy !== 'queue' ? new Lanes() : undefined;
    this.#room = this.#lanes ?? new SingleQueue();
    this.#isOneLane = this.#lanes === undefined && concurrency === 1;
    this.#slice = new TimeSlice(() => this.#drain());
    this.#mayCallDirectly = this.#lanes === undefined && probe === undefined && breaker === undefined;
    this.#runner = new AttemptRunner(
      {
        succeeded: (attempt) => this.#succeeded(attempt),
        failed: (attempt, error) => this.#failed(attempt, error),
        late: (attempt, rejection) => this.#late(attempt, rejection),
      },
      { name, timeoutMs, scheduler, call: this.#probe === undefined ? handle : this.#callAround(this.#probe) },
    );
    this.#failurePath = new FailurePath({
      decideRetry,
      scheduler,
      createId,
      errors,
      probe: this.#probe,
      letters: deadLetters.sinkOf(this),
      attemptAgain: (delivery) => this.#attemptAgain(delivery),
      onEnded: (delivery) => this.#recovered(delivery),
    });
    this.#disconnect = options.name === undefined ? () => undefined : deadLetters.connect(this, options.name);
    this.#rest();
  }

  get errors(): Observable<ReportedError> {
    return this.#errors.stream;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Whether it takes events. */
  get isListening(): boolean {
    return this.#state === 'open' || this.#state === 'paused';
  }

  /** What it has counted so far. */
  get counters(): Readonly<Counters> {
    return this.#counters;
  }

  // ---- Taking events ----

  /**
   * Hands over an event of a producer that cannot wait.
   *
   * @param now - the time of the scheduler, which the caller has read for all handlers
   */
  offer(event: Item, now: number): Verdict {
    if (this.#counters.pending < this.#directLimit && !this.#isInline) return this.#callNow(event, now);
    return this.#admit(this.#deliveryOf(event), false);
  }

  /**
   * Hands over an event of a producer that can wait and wants to know the end.
   *
   * @param awaitedBy - the attempt whose handler waits for the end
   * @returns how to take it back while it waits for room
   */
  submit(
    event: Item,
    onSettled: SettlementListener,
    awaitedBy: Attempt<unknown> | undefined,
  ): (() => void) | undefined {
    const delivery = this.#deliveryOf(event, onSettled, awaitedBy);
    return this.#handOver(delivery, undefined, (error) => onSettled({ outcome: 'rejected', attempts: 0, error }));
  }

  /**
   * Whether the event could never end while an attempt waits for it: the attempt, or one that waits for it in turn, holds the only
   * slot or the lane that the event needs.
   */
  wouldAwaitItself(event: Item, awaitedBy: Attempt<unknown> | undefined): boolean {
    for (let attempt = awaitedBy; attempt !== undefined; attempt = attempt.delivery?.awaitedBy) {
      if (attempt.owner === this && this.#excludes(event, attempt.event as Item)) return true;
    }
    return false;
  }

  trySend(event: Item, onSettled?: SettlementListener): boolean {
    if (!this.isListening || (this.#settings.overflow === 'suspend' && this.#isFull())) {
      this.#counters.rejected++;
      return false;
    }
    if (onSettled === undefined) return this.offer(event, this.#settings.scheduler.now()) === 'taken';
    return this.#admit(this.#deliveryOf(event, onSettled), false) === 'taken';
  }

  send(event: Item, { signal }: { readonly signal?: AbortSignal } = {}): Promise<AcceptedEvent> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      let withdraw: (() => void) | undefined;
      const abort = (): void => {
        withdraw?.();
        reject(signal?.reason);
      };
      let end: ((settlement: Settlement) => void) | undefined;
      const settled = new Promise<Settlement>((done) => (end = done));
      const onTaken = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve({ settled });
      };
      const onRefused = (error: unknown): void => {
        signal?.removeEventListener('abort', abort);
        reject(error);
      };
      withdraw = this.#handOver(this.#deliveryOf(event, end), onTaken, onRefused);
      if (withdraw !== undefined) signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Takes the event of a letter again. It always waits for room, so that no overflow policy loses it. */
  redrive(letter: DeadLetter<Item>, onSettled: SettlementListener): void {
    const delivery = this.#deliveryOf(letter.event, onSettled, undefined, letter.redriven + 1);
    this.#handOver(delivery, undefined, (error) => onSettled({ outcome: 'rejected', attempts: 0, error }));
  }

  /** Whoever waits for room comes first, so a newcomer may not take it. */
  #isFull(): boolean {
    return this.#counters.pending >= this.#limit || this.#senders.size > 0;
  }

  #deliveryOf(event: Item, onSettled?: SettlementListener, awaitedBy?: Attempt<unknown>, redriven = 0): Delivery<Item> {
    return new Delivery(this.name, event, onSettled, awaitedBy, redriven);
  }

  #handOver(
    delivery: Delivery<Item>,
    onTaken: (() => void) | undefined,
    onRefused: (error: unknown) => void,
  ): (() => void) | undefined {
    const verdict = this.#admit(delivery, true);
    if (verdict === 'suspended') {
      const sender = new Sender(delivery, onTaken, onRefused);
      this.#senders.push(sender);
      this.#directLimit = 0;
      return () => this.#senders.withdraw(sender);
    }
    if (verdict === 'rejected') onRefused(this.isListening ? this.#overflowError() : this.#closedError());
    else onTaken?.();
    return undefined;
  }

  /** Runs an idle handler at once. Only if it returns something to wait for, or throws, does the event get a delivery. */
  #callNow(event: Item, now: number): Verdict {
    const counters = this.#counters;
    counters.accepted++;
    counters.pending++;
    const attempt = this.#contextFor(event, now);
    let result: unknown;
    this.#isInline = true;
    try {
      result = this.#handle(event, attempt);
    } catch (error) {
      this.#isInline = false;
      this.#adopt(attempt);
      attempt.isOver = true;
      this.#failed(attempt, error);
      return 'taken';
    }
    this.#isInline = false;
    if (typeof result !== 'object' || result === null) {
      counters.handled++;
      counters.pending--;
    } else {
      this.#adopt(attempt);
      this.#runner.follow(attempt, result);
      if (this.isClosed) this.#abandon(attempt.delivery!);
    }
    if (this.#directLimit === 0) this.#drain();
    return 'taken';
  }

  #contextFor(event: Item, now: number): Attempt<Item> {
    const spare = this.#spare;
    if (this.#takesContext || spare === undefined) {
      const attempt = this.#createAttempt(this, event, 1, now);
      if (!this.#takesContext) this.#spare = attempt;
      return attempt;
    }
    spare.event = event;
    spare.startedAt = now;
    return spare;
  }

  /** Makes a delivery for an event whose handler was called without one. */
  #adopt(attempt: Attempt<Item>): void {
    const delivery = this.#deliveryOf(attempt.event);
    delivery.attempts = 1;
    delivery.current = attempt;
    attempt.delivery = delivery;
    this.#spare = undefined;
  }

  #admit(delivery: Delivery<Item>, canWait: boolean): Verdict {
    if (!this.isListening) {
      this.#counters.rejected++;
      return 'rejected';
    }
    const { key, strategy, overflow } = this.#settings;
    try {
      delivery.key = key?.(delivery.event);
    } catch (error) {
      this.#take(delivery);
      this.#failurePath.bury(delivery, 'invalid-key', error);
      return 'lost';
    }
    if (strategy === 'exhaust' && this.#lanes?.has(delivery.key)) return this.#takeAndDrop(delivery, 'busy');
    if (strategy === 'switch') this.#supersede(delivery.key);
    if (!this.#isFull()) return this.#enqueue(delivery);
    if (canWait && (overflow === 'suspend' || delivery.redriven > 0)) return 'suspended';
    switch (overflow) {
      case 'suspend':
        this.#take(delivery);
        this.#failurePath.bury(delivery, 'overflow', this.#overflowError());
        return 'lost';
      case 'drop-newest':
        return this.#takeAndDrop(delivery, 'drop-newest');
      case 'drop-oldest':
        return this.#replaceOldest(delivery);
      case 'fail':
        this.#counters.rejected++;
        return 'rejected';
      default:
        return assertNever(overflow);
    }
  }

  #take(delivery: Delivery<Item>): void {
    if (delivery.redriven > 0) this.#counters.redriven++;
    else this.#counters.accepted++;
    this.#counters.pending++;
    this.#probe?.tell('accepted', delivery);
  }

  #enqueue(delivery: Delivery<Item>): Verdict {
    this.#take(delivery);
    this.#room.push(delivery.key, delivery);
    this.#directLimit = 0;
    this.#drain();
    return 'taken';
  }

  #takeAndDrop(delivery: Delivery<Item>, reason: DropReason): Verdict {
    this.#take(delivery);
    this.#drop(delivery, reason);
    return 'lost';
  }

  /** With nothing in the waiting room, all that could be dropped has begun: then it is the new one that has waited longest. */
  #replaceOldest(delivery: Delivery<Item>): Verdict {
    const oldest = this.#room.dropOldest();
    if (oldest === undefined) return this.#takeAndDrop(delivery, 'drop-oldest');
    this.#drop(oldest, 'drop-oldest');
    return this.#enqueue(delivery);
  }

  /** Clears the lane for a newer event; what is dead already, and only waits for its letter to be stored, stays. */
  #supersede(key: unknown): void {
    const waiting = this.#lanes?.dropFirst(key);
    if (waiting !== undefined) this.#drop(waiting, 'superseded');
    const current = this.#lanes?.current(key);
    if (current === undefined || current.letter !== undefined) return;
    this.#stop(current, new MillraceError('SUPERSEDED', `Superseded by a newer event of handler '${this.name}'.`));
    this.#drop(current, 'superseded');
  }

  // ---- Running them ----

  pause(): void {
    if (this.#state !== 'open') return;
    this.#state = 'paused';
    this.#rest();
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'open';
    this.#drain();
  }

  /** Starts whatever may start. A loop, not a recursion: a handler that ends at once is followed by the next one here. */
  #drain(): void {
    if (this.#isDraining || this.#isInline) return;
    this.#isDraining = true;
    this.#directLimit = 0;
    this.#admitSenders();
    for (let delivery = this.#next(); delivery !== undefined; delivery = this.#next()) {
      this.#start(delivery);
      this.#admitSenders();
    }
    this.#isDraining = false;
    this.#rest();
  }

  #admitSenders(): void {
    while (this.#senders.size > 0 && this.#counters.pending < this.#limit && this.isListening) {
      const sender = this.#senders.shift()!;
      const { delivery, onTaken } = sender;
      this.#take(delivery);
      this.#room.push(delivery.key, delivery);
      onTaken?.();
    }
  }

  /** Takes the next delivery that may start now. */
  #next(): Delivery<Item> | undefined {
    const { concurrency, breaker, scheduler } = this.#settings;
    const isLaneHeld = this.#isOneLane && this.#counters.pending > this.#room.size;
    if (this.#state === 'paused' || this.#slice.isOver || this.#runner.inFlight.size >= concurrency) return undefined;
    if (this.#retries.size === 0 && (isLaneHeld || this.#room.size === 0)) return undefined;
    const now = scheduler.now();
    if (this.#slice.mustEnd(now)) return undefined;
    if (breaker !== undefined && !breaker.tryStart(now)) {
      this.#waitForCircuit(breaker.waitMs(now));
      return undefined;
    }
    const delivery = this.#nextRetry() ?? (isLaneHeld ? undefined : this.#room.shift());
    if (delivery === undefined) {
      breaker?.cancelled();
      return undefined;
    }
    delivery.holdsLane = true;
    delivery.current = this.#createAttempt(this, delivery.event, ++delivery.attempts, now);
    delivery.current.delivery = delivery;
    return delivery;
  }

  /** Some may have been given up since they became ready. */
  #nextRetry(): Delivery<Item> | undefined {
    let delivery = this.#retries.shift();
    while (delivery?.isSettled || delivery?.letter) delivery = this.#retries.shift();
    return delivery;
  }

  #start(delivery: Delivery<Item>): void {
    if (delivery.attempts > 1) this.#counters.retried++;
    this.#probe?.tell('started', delivery);
    this.#runner.run(delivery.current!);
  }

  #callAround(probe: SafeProbe): HandlerFunction<Item, Attempt<Item>> {
    return (event, attempt) => probe.around(attempt.delivery!, () => this.#handle(event, attempt));
  }

  #waitForCircuit(waitMs: number): void {
    // Half-open, it waits for the end of its trial, not for a time.
    if (waitMs === 0) return;
    this.#circuitTimer ??= this.#settings.scheduler.schedule(() => {
      this.#circuitTimer = undefined;
      this.#drain();
    }, waitMs);
  }

  #succeeded(attempt: Attempt<Item>): void {
    const delivery = attempt.delivery!;
    const { retrying } = delivery;
    delivery.current = undefined;
    this.#settings.breaker?.succeeded();
    if (retrying === undefined) this.#settle(delivery, 'handled');
    else retrying.complete();
    this.#drain();
  }

  #failed(attempt: Attempt<Item>, error: unknown): void {
    const delivery = attempt.delivery!;
    const { retrying } = delivery;
    const { breaker, scheduler } = this.#settings;
    const endedAt = scheduler.now();
    delivery.current = undefined;
    (delivery.records ??= []).push({ attempt: attempt.attempt, startedAt: attempt.startedAt, endedAt, error });
    breaker?.failed(endedAt);
    if (this.isClosed) this.#abandon(delivery);
    else if (retrying === undefined) {
      this.#recovering.add(delivery);
      this.#failurePath.recover(delivery, error);
    } else {
      delivery.retrying = undefined;
      retrying.error(error);
    }
    this.#drain();
  }

  /** A handler that heeds its signal rejects with its reason, or with an AbortError: that is no news. */
  #late(attempt: Attempt<Item>, rejection: { readonly error: unknown } | undefined): void {
    const { stopReason } = attempt;
    this.#counters.late++;
    if (!(stopReason instanceof HandlerTimeoutError)) return;
    const error = rejection === undefined ? stopReason : rejection.error;
    const isAnswer =
      rejection !== undefined && (error === stopReason || (error as Error | null)?.name === 'AbortError');
    if (!isAnswer) this.#errors.report('late-result', error, this.name);
  }

  #attemptAgain(delivery: Delivery<Item>): void {
    this.#retries.push(delivery);
    this.#directLimit = 0;
    this.#drain();
  }

  #recovered(delivery: Delivery<Item>): void {
    this.#recovering.delete(delivery);
    this.#settle(delivery, delivery.letter === undefined ? 'handled' : 'dead');
    this.#drain();
  }

  #settle(delivery: Delivery<Item>, outcome: 'dead' | 'handled'): void {
    this.#counters[outcome]++;
    const settlement = this.#end(delivery, outcome);
    if (settlement !== undefined) this.#probe?.tell('settled', delivery, settlement);
  }

  #drop(delivery: Delivery<Item>, reason: DropReason): void {
    this.#counters.droppedBy[reason]++;
    this.#end(delivery, 'dropped', reason);
    this.#probe?.tell('dropped', delivery, reason);
  }

  /** The one end of every delivery. The settlement is made only where somebody is told. */
  #end(delivery: Delivery<Item>, outcome: Outcome, dropReason?: DropReason): Settlement | undefined {
    const { letter, attempts, onSettled } = delivery;
    delivery.isSettled = true;
    this.#counters.pending--;
    if (delivery.holdsLane) this.#room.release(delivery.key);
    if (onSettled === undefined && this.#probe === undefined) return undefined;
    const settlement: Settlement = {
      outcome,
      attempts,
      ...(dropReason !== undefined && { reason: dropReason }),
      ...(letter !== undefined && { reason: letter.reason, error: letter.error, deadLetterId: letter.id }),
    };
    try {
      onSettled?.(settlement);
    } catch (error) {
      this.#errors.report('settlement', error, this.name);
    }
    return settlement;
  }

  /** After every change: lets timers go, ends a drain that is done, and says whether events may skip the waiting room. */
  #rest(): void {
    this.#runner.rest();
    if (this.#counters.pending === 0) {
      this.#slice.reset();
      if (this.#state === 'draining') this.close();
      this.#onIdle?.();
    }
    const isClear = this.#room.size === 0 && this.#retries.size === 0 && this.#senders.size === 0;
    const mayCall = this.#mayCallDirectly && this.#state === 'open' && isClear && !this.#slice.isOver;
    this.#directLimit = mayCall ? this.#settings.concurrency : 0;
  }

  // ---- Ending ----

  async drain({ deadlineMs }: DrainOptions = {}): Promise<DrainReport> {
    if (deadlineMs !== undefined) expectDelay('deadlineMs', deadlineMs);
    this.#drainage ??= this.#startDrainage();
    if (deadlineMs !== undefined && !this.isClosed) this.#drainage.addDeadline(deadlineMs, () => void this.close());
    this.#drain();
    return this.#drainage.report;
  }

  #startDrainage(): Drainage {
    const drainage = new Drainage(this.#counters, this.#settings.scheduler);
    if (this.isClosed) drainage.end(this.#counters, 0, true);
    else this.#state = 'draining';
    this.refuseSenders();
    return drainage;
  }

  /** @returns how many events it abandoned */
  close(): number {
    if (this.isClosed) return 0;
    const completed = this.#counters.pending === 0;
    this.#state = 'closed';
    this.#directLimit = 0;
    this.refuseSenders();
    const abandoned = this.#abandonAll();
    this.#circuitTimer?.unsubscribe();
    this.#runner.rest();
    this.#disconnect();
    const report = this.#drainage?.end(this.#counters, abandoned, completed);
    if (report !== undefined) this.#probe?.tell('drained', this.name, report);
    this.#onClosed?.();
    return abandoned;
  }

  /** Tells the producers that wait for room that there will be none; those that a handler of the same bus waits for may be spared. */
  refuseSenders(shouldRefuse: (delivery: Delivery<Item>) => boolean = () => true): void {
    for (const sender of this.#senders.list()) {
      if (!shouldRefuse(sender.delivery)) continue;
      this.#senders.withdraw(sender);
      this.#counters.rejected++;
      sender.onRefused(this.#closedError());
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  #abandonAll(): number {
    const begun = [...this.#runner.inFlight].map(({ delivery }) => delivery!);
    const between = [...this.#recovering].filter(({ letter }) => letter === undefined);
    const waiting: Delivery<Item>[] = [];
    for (let next = this.#room.dropOldest(); next !== undefined; next = this.#room.dropOldest()) waiting.push(next);
    const all = new Set([...begun, ...between, ...waiting]);
    for (const delivery of all) this.#abandon(delivery);
    return all.size;
  }

  #abandon(delivery: Delivery<Item>): void {
    const reason = new MillraceError(
      'ABANDONED',
      `Expected handler '${this.name}' to finish its events, but it was closed first. Redrive the letter, or drain() with a later deadline.`,
    );
    this.#stop(delivery, reason);
    this.#failurePath.bury(delivery, 'abandoned', reason);
  }

  /** Takes a delivery out of its attempt, its delay or its queue of retries. */
  #stop(delivery: Delivery<Item>, reason: Error): void {
    const { current, recovery } = delivery;
    delivery.current = undefined;
    this.#recovering.delete(delivery);
    recovery?.unsubscribe();
    if (current === undefined) return;
    this.#settings.breaker?.cancelled();
    this.#runner.stop(current, reason);
  }

  stats(): ProcessorStats {
    const { accepted, redriven, handled, dead, dropped, droppedBy, pending, rejected, retried, late } = this.#counters;
    const { concurrency, capacity, breaker, scheduler } = this.#settings;
    const { inFlight } = this.#runner;
    const running = inFlight.size + (this.#isInline ? 1 : 0);
    const waiting = this.#room.size;
    return {
      name: this.name,
      state: this.#state,
      accepted,
      redriven,
      handled,
      dead,
      dropped,
      droppedBy: { ...droppedBy },
      pending,
      running,
      waiting,
      betweenAttempts: pending - running - waiting,
      rejected,
      suspended: this.#senders.size,
      retried,
      late,
      concurrency,
      capacity,
      longestRunningMs: inFlight.first === undefined ? 0 : scheduler.now() - inFlight.first.startedAt,
      ...(breaker !== undefined && { circuit: breaker.state }),
      ...(this.#lanes !== undefined && { lanes: this.#lanes.fullest(5) }),
    };
  }

  /** Whether an event cannot start before an attempt for another one has ended. */
  #excludes(event: Item, held: Item): boolean {
    const { key, strategy, concurrency } = this.#settings;
    if (this.#isSameLane(event, held)) return strategy === 'queue';
    return key !== undefined && concurrency === 1;
  }

  #isSameLane(event: Item, held: Item): boolean {
    const { key } = this.#settings;
    if (key === undefined) return this.#isOneLane || this.#lanes !== undefined;
    try {
      const [one, other] = [key(event), key(held)];
      // As a Map compares keys.
      return one === other || (Number.isNaN(one) && Number.isNaN(other));
    } catch {
      return false;
    }
  }

  #overflowError(): OverflowError {
    return new OverflowError(this.name);
  }

  #closedError(): ClosedError {
    return new ClosedError(`handler '${this.name}'`);
  }
}

function createPlainAttempt<Item>(owner: object, event: Item, attempt: number, startedAt: number): Attempt<Item> {
  return new Attempt(owner, event, attempt, startedAt);
}
