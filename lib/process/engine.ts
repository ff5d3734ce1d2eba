/// <reference lib="esnext.disposable" preserve="true" />
import type { Observable } from 'rxjs';
import type { DeadLetter } from '../core/dead-letter.ts';
import { expectDelay } from '../core/options.ts';
import type { DeadLetterQueue } from './dead-letter-queue.ts';
import { type Attempt, type CreateAttempt, createPlainAttempt, Delivery, type SettlementListener } from './delivery.ts';
import { Drainage } from './drainage.ts';
import type { EngineSurroundings } from './engine-surroundings.ts';
import type { ErrorReports, ReportedError } from './error-reports.ts';
import { Gate, type Verdict } from './gate.ts';
import { cannotSeeContext, type Handler, type HandlerFunction, handlerFunction } from './handler.ts';
import { mustWaitFor } from './lane-conflict.ts';
import { SafeProbe } from './probe.ts';
import type { AcceptedEvent, Processor } from './processor.ts';
import { type ProcessorOptions, type ProcessorSettings, processorSettings } from './processor-options.ts';
import { processorStats } from './processor-stats.ts';
import { Pump } from './pump.ts';
import type { RedriveTarget } from './redrive.ts';
import { sendWith } from './senders.ts';
import type { Counters, DrainOptions, DrainReport, ProcessorStats } from './stats.ts';

// Whether the next event may be handed to the handler directly. Numbers, as they are written twice an event.
const READY = 0;
const BUSY = 1;
/** The handler is being called directly. */
const CALLING = 2;
/** It is, and something has happened meanwhile that must be looked at when it returns. */
const INTERRUPTED = 3;

/**
 * The one place where a handler is run: a {@link Gate} decides what is taken, and a {@link Pump} brings what was taken to its end.
 *
 * Most events find their handler idle, and are done when it returns: they cost the call, and nothing else is made for them (`offer`). Only
 * an event that must wait, or whose handler returns something to wait for, gets a {@link Delivery}.
 */
export class Engine<Item> implements Processor<Item>, RedriveTarget<Item> {
  readonly name: string;
  readonly deadLetters: DeadLetterQueue<Item>;
  readonly #errors: ErrorReports;
  readonly #probe: SafeProbe | undefined;
  readonly #settings: ProcessorSettings<Item>;
  readonly #pump: Pump<Item>;
  readonly #gate: Gate<Item>;
  readonly #handle: HandlerFunction<Item, Attempt<Item>>;
  readonly #createAttempt: CreateAttempt<Item>;
  readonly #onIdle: (() => void) | undefined;
  readonly #onClosed: (() => void) | undefined;
  readonly #disconnect: (() => void) | undefined;
  #state: ProcessorStats['state'] = 'open';
  #drainage: Drainage | undefined;
  /** What is left to do of closing, when the handler that is being called directly has returned. */
  #finish: (() => void) | undefined;

  readonly #mayCallDirectly: boolean;
  #readiness = BUSY;
  /** Events whose handler was called directly and was done when it returned: accepted and handled. */
  #handledDirectly = 0;
  /** The context of direct calls of a handler that cannot see it: it is used again until there is something to wait for. */
  #lent: Attempt<Item> | undefined;

  constructor(handler: Handler<Item>, options: ProcessorOptions<Item>, surroundings: EngineSurroundings<Item>) {
    const { name, deadLetters, errors, probe, createAttempt = createPlainAttempt, onIdle, onClosed } = surroundings;
    const settings = processorSettings(options);
    this.name = name;
    this.deadLetters = deadLetters;
    this.#errors = errors;
    this.#probe = probe && new SafeProbe(probe, errors);
    this.#settings = settings;
    this.#handle = handlerFunction(handler);
    this.#createAttempt = (event, attempt, startedAt) => createAttempt(this, event, attempt, startedAt);
    this.#onIdle = onIdle;
    this.#onClosed = onClosed;
    this.#pump = new Pump({
      name,
      handle: this.#handle,
      settings,
      createAttempt: this.#createAttempt,
      letters: deadLetters.sinkOf(this),
      errors,
      probe: this.#probe,
      mayRun: () => this.#mayRun(),
      letIn: () => this.#gate.letIn(),
      onRest: () => this.#rest(),
    });
    this.#gate = new Gate({
      name,
      settings,
      pump: this.#pump,
      isListening: () => this.isListening,
      calling: () => this.#calling,
    });
    this.#mayCallDirectly = this.#pump.lanes === undefined && probe === undefined && settings.breaker === undefined;
    if (cannotSeeContext(this.#handle)) this.#lent = this.#createLent();
    if (options.name !== undefined) this.#disconnect = deadLetters.connect(this, options.name);
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

  /** Whether nothing is pending. */
  get isIdle(): boolean {
    return this.#pump.counters.pending === 0 && this.#calling === 0;
  }

  /** How many events have ended, and how. */
  get ended(): Pick<Counters, 'dead' | 'dropped' | 'handled'> {
    const { handled, dead, dropped } = this.#pump.counters;
    return { handled: handled + this.#handledDirectly, dead, dropped };
  }

  /**
   * Hands over an event of a producer that cannot wait. An idle handler is called here, before anything is made for the event.
   *
   * @param now - the time of the scheduler, which the caller has read for all handlers
   */
  offer(event: Item, now: number): Verdict {
    if (this.#readiness !== READY) return this.#gate.admit(this.#deliveryOf(event), 'none');
    const attempt = this.#lent ?? this.#createAttempt(event, 1, now);
    let result: unknown;
    // What comes meanwhile must wait: one event at a time, and no recursion.
    this.#readiness = CALLING;
    try {
      result = this.#handle(event, attempt);
    } catch (error) {
      this.#adopt(event, attempt, now);
      attempt.isOver = true;
      this.#pump.failed(attempt, error);
      return 'taken';
    }
    if (this.#readiness === CALLING && (typeof result !== 'object' || result === null)) {
      this.#readiness = READY;
      this.#handledDirectly++;
    } else {
      this.#adopt(event, attempt, now);
      this.#pump.follow(attempt, result);
    }
    return 'taken';
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
    return this.#gate.handOver(delivery, undefined, (error) => onSettled({ outcome: 'rejected', attempts: 0, error }));
  }

  trySend(event: Item, onSettled?: SettlementListener): boolean {
    const verdict =
      onSettled === undefined && this.#readiness === READY
        ? this.offer(event, this.#settings.scheduler.now())
        : this.#gate.admit(this.#deliveryOf(event, onSettled), 'try');
    return verdict === 'taken';
  }

  send(event: Item, { signal }: { readonly signal?: AbortSignal } = {}): Promise<AcceptedEvent> {
    return sendWith(signal, (onSettled, onTaken, onRefused) =>
      this.#gate.handOver(this.#deliveryOf(event, onSettled), onTaken, onRefused),
    );
  }

  /** Takes the event of a letter again. It always waits for room, so that no overflow policy loses it. */
  redrive(letter: DeadLetter<Item>, onSettled: SettlementListener): void {
    const delivery = this.#deliveryOf(letter.event, onSettled, undefined, letter.redriven + 1);
    this.#gate.handOver(delivery, undefined, (error) => onSettled({ outcome: 'rejected', attempts: 0, error }));
  }

  /**
   * Whether an event could never end while an attempt waits for it: because that attempt, or one that waits for it in turn, holds the
   * only slot, or the lane, that the event needs.
   */
  wouldAwaitItself(event: Item, awaitedBy: Attempt<unknown> | undefined): boolean {
    for (let attempt = awaitedBy; attempt !== undefined; attempt = attempt.delivery?.awaitedBy) {
      if (attempt.owner === this && mustWaitFor(attempt.event as Item, event, this.#settings)) return true;
    }
    return false;
  }

  /** Tells producers that wait for room that there will be none. */
  refuse(isRefused: (delivery: Delivery<Item>) => boolean): void {
    this.#gate.refuse(isRefused);
  }

  stats(): ProcessorStats {
    return processorStats({
      name: this.name,
      state: this.#state,
      settings: this.#settings,
      pump: this.#pump,
      suspended: this.#gate.suspended,
      calling: this.#calling,
      handledDirectly: this.#handledDirectly,
    });
  }

  pause(): void {
    if (this.#state !== 'open') return;
    this.#state = 'paused';
    this.#pump.pause();
    this.#rest();
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'open';
    this.#pump.resume();
  }

  async drain({ deadlineMs }: DrainOptions = {}): Promise<DrainReport> {
    if (deadlineMs !== undefined) expectDelay('deadlineMs', deadlineMs);
    this.#drainage ??= this.#startDrainage();
    if (deadlineMs !== undefined && !this.isClosed) this.#drainage.addDeadline(deadlineMs, () => void this.close());
    this.#pump.run();
    return this.#drainage.report;
  }

  /** @returns how many events it abandoned */
  close(): number {
    if (this.isClosed) return 0;
    const completed = this.isIdle;
    this.#state = 'closed';
    this.#gate.refuse();
    const abandoned = this.#pump.close();
    this.#disconnect?.();
    this.#finish = () => {
      const report = this.#drainage?.end(this.ended, abandoned, completed);
      if (report !== undefined) this.#probe?.tell('drained', this.name, report);
      this.#onClosed?.();
    };
    this.#rest();
    return abandoned;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  /** How many events are being handled directly, and are not counted yet. */
  get #calling(): 0 | 1 {
    return this.#readiness >= CALLING ? 1 : 0;
  }

  #deliveryOf(event: Item, onSettled?: SettlementListener, awaitedBy?: Attempt<unknown>, redriven = 0): Delivery<Item> {
    return new Delivery(this.name, event, onSettled, awaitedBy, redriven);
  }

  /** Makes a delivery for an event whose handler was called directly. */
  #adopt(event: Item, attempt: Attempt<Item>, now: number): void {
    const delivery = this.#deliveryOf(event);
    this.#readiness = BUSY;
    delivery.attempts = 1;
    delivery.current = attempt;
    attempt.event = event;
    attempt.startedAt = now;
    attempt.delivery = delivery;
    if (attempt === this.#lent) this.#lent = this.#createLent();
    this.#pump.adopt(delivery);
  }

  #createLent(): Attempt<Item> {
    return this.#createAttempt(undefined as Item, 1, 0);
  }

  /** Nothing starts while the handler is being called directly, not even of its own making. */
  #mayRun(): boolean {
    if (this.#calling === 0) return true;
    this.#readiness = INTERRUPTED;
    return false;
  }

  /** After every change: whether the next event may be called directly, and whether a drain is done. */
  #rest(): void {
    if (!this.#mayRun()) return;
    const isClear = this.#mayCallDirectly && this.#gate.suspended === 0 && this.#pump.isClear;
    this.#readiness = isClear && this.#state === 'open' ? READY : BUSY;
    if (this.isIdle) {
      if (this.#state === 'draining') this.close();
      this.#onIdle?.();
    }
    const finish = this.#finish;
    this.#finish = undefined;
    finish?.();
  }

  #startDrainage(): Drainage {
    const drainage = new Drainage(this.ended, this.#settings.scheduler);
    if (this.isClosed) {
      drainage.end(this.ended, 0, true);
    } else {
      this.#state = 'draining';
      this.#gate.refuse();
      this.#pump.resume();
    }
    return drainage;
  }
}
