/// <reference lib="esnext.disposable" preserve="true" />
import type { Observable } from 'rxjs';
import type { DeadLetter } from '../core/dead-letter.ts';
import type { DeadLetterQueue } from './dead-letter-queue.ts';
import { type Attempt, type CreateAttempt, createPlainAttempt } from './attempt.ts';
import { type AcceptedEvent, Delivery, type SettlementListener } from './delivery.ts';
import { DirectCall, type DirectCallHost, TimedDirectCall } from './direct-call.ts';
import { EngineLife } from './engine-life.ts';
import type { EngineSurroundings } from './engine-surroundings.ts';
import type { ErrorReports, ReportedError } from './error-reports.ts';
import { Gate, type Verdict } from './gate.ts';
import { cannotSeeContext, type Handler, handlerFunction } from './handler.ts';
import { mustWaitFor } from './lane-conflict.ts';
import type { Processor } from './processor.ts';
import { type Batched, type ProcessorOptions, type ProcessorSettings, processorSettings } from './processor-options.ts';
import { processorStats } from './processor-stats.ts';
import { tellNewEngine } from './new-engines.ts';
import type { PartWatch } from './part-watch.ts';
import { handlerPart } from './handler-part.ts';
import type { HandlerPart } from './probe.ts';
import { Pump } from './pump.ts';
import type { RedriveTarget } from './redrive.ts';
import { sendUntil } from './senders.ts';
import type { Counters, DrainOptions, DrainReport, ProcessorStats } from './stats.ts';
import { abandoned as whyAbandoned } from './stop-reasons.ts';

/**
 * The one place where a handler is run: a {@link Gate} decides what is taken, and a {@link Pump} brings what was taken to its end.
 *
 * Most events find their handler idle, and are done when it returns: they go by the {@link DirectCall} in front. Only an event that must
 * wait, or whose handler returns something to wait for, gets a {@link Delivery}.
 */
export class Engine<Item> implements Processor<Item>, RedriveTarget<Item>, DirectCallHost<Item> {
  readonly name: string;
  /** Where producers that cannot wait hand over events. */
  readonly direct: DirectCall<Item, Engine<Item>>;
  readonly deadLetters: DeadLetterQueue<Item>;
  private readonly reports: ErrorReports;
  private readonly settings: ProcessorSettings<Item>;
  private readonly surroundings: EngineSurroundings<Item>;
  private readonly pump: Pump<Item>;
  private readonly gate: Gate<Item>;
  private mayCallDirectly = false;
  private readonly createAttempt: CreateAttempt<Item>;
  private readonly life: EngineLife<Item>;
  /** As probes see it. */
  readonly part: HandlerPart;
  private readonly watch: PartWatch;

  constructor(
    handler: Handler<Item>,
    options: Batched<ProcessorOptions<Item>> | ProcessorOptions<Item>,
    surroundings: EngineSurroundings<Item>,
  ) {
    const { name, deadLetters, errors, createAttempt = createPlainAttempt, supply } = surroundings;
    const settings = processorSettings(options);
    const handle = handlerFunction(handler);
    this.name = name;
    this.deadLetters = deadLetters;
    this.reports = errors;
    this.settings = settings;
    this.surroundings = surroundings;
    this.part = handlerPart(surroundings, () => this.stats());
    this.watch = surroundings.watch.of(this.part);
    this.createAttempt = (event, attempt, awaitedBy) => createAttempt(this, event, attempt, awaitedBy);
    const lent = cannotSeeContext(handle) ? this.createAttempt(undefined as Item, 1, undefined) : undefined;
    this.direct =
      settings.timeoutMs === undefined
        ? new DirectCall(this, handle, lent)
        : new TimedDirectCall(this, handle, lent, settings.scheduler);
    this.pump = new Pump({
      part: this.part,
      handle,
      settings,
      createAttempt: this.createAttempt,
      lent,
      direct: this.direct,
      letters: surroundings.letters ?? deadLetters.sinkOf(this),
      errors,
      watch: this.watch,
      handsBack: surroundings.handsBack,
      letIn: supply === undefined ? () => this.gate.letIn() : () => this.gate.letIn() || supply.letIn(),
      onRest: () => this.afterChange(),
    });
    this.gate = new Gate({
      name,
      settings,
      pump: this.pump,
      direct: this.direct,
      supply,
    });
    this.life = new EngineLife({
      engine: this,
      pump: this.pump,
      gate: this.gate,
      settings,
      surroundings,
      watch: this.watch,
      disconnect: options.name === undefined ? undefined : deadLetters.connect(this, options.name),
      onChange: () => this.afterChange(),
    });
    surroundings.watch.join(this.watch);
    this.heedWatch();
    this.afterChange();
    tellNewEngine(this);
  }

  get errors(): Observable<ReportedError> {
    return this.reports.stream;
  }

  get isClosed(): boolean {
    return this.life.state === 'closed';
  }

  /** Whether it takes events. */
  get isListening(): boolean {
    return this.gate.isOpen;
  }

  /** Slots that pending events leave free; below 0, so many events are pending beyond them. With batches, a slot holds so many. */
  get spareSlots(): number {
    return this.pump.slots - this.pump.counters.pending - this.direct.calling;
  }

  /** Whether a slot has nothing to begin with. */
  get wantsMore(): boolean {
    return this.isListening && this.pump.wantsMore;
  }

  /** Whether it ends when nothing is pending. */
  get isDraining(): boolean {
    return this.life.state === 'draining';
  }

  /** Whether nothing is pending. */
  get isIdle(): boolean {
    return this.pump.counters.pending === 0 && this.direct.calling === 0;
  }

  /** How many events have ended, and how. */
  get ended(): Pick<Counters, 'dead' | 'dropped' | 'handled'> {
    const { handled, dead, dropped } = this.pump.counters;
    return { handled: handled + this.direct.handled, dead, dropped };
  }

  /** How many of them were given up when it closed. */
  get abandoned(): number {
    return this.pump.abandoned;
  }

  admit(event: Item, now: number): Verdict {
    const followedBy = this.sample(event);
    if (followedBy === 0 && this.gate.admitPlain(event, now)) return 'taken';
    return this.gate.admit(this.deliveryOf(event, followedBy), 'none');
  }

  /**
   * Takes an event of the supply, which has seen to it that there is room.
   *
   * @param since - when the event came there
   */
  takeSupplied(event: Item, since: number | undefined): void {
    const followedBy = this.sample(event);
    if (followedBy === 0 && this.gate.enterPlain(event)) return;
    this.gate.admit(this.deliveryOf(event, followedBy), 'sure', since);
  }

  begin(event: Item): Attempt<Item> {
    return this.createAttempt(event, 1, undefined);
  }

  follow(event: Item, attempt: Attempt<Item>, startedAt: number, result: unknown): void {
    this.pump.follow(event, attempt, startedAt, result);
  }

  fail(event: Item, attempt: Attempt<Item>, startedAt: number, error: unknown): void {
    this.pump.fail(event, attempt, startedAt, error);
  }

  /**
   * Hands over an event of a producer that can wait and wants to know the end.
   *
   * @param awaitedBy - the attempt whose handler waits for the end
   * @param onTaken - called when it need not wait for room any more
   * @returns how to take it back while it waits for room
   */
  submit(
    event: Item,
    onSettled: SettlementListener,
    awaitedBy: Attempt<unknown> | undefined,
    onTaken?: () => void,
  ): (() => void) | undefined {
    const delivery = this.deliveryOf(event, this.sample(event), onSettled, awaitedBy);
    return this.gate.handOver(delivery, onTaken, (error) => onSettled({ outcome: 'rejected', attempts: 0, error }));
  }

  /** Makes a dead letter of an event that it will not take any more. */
  abandon(event: Item): void {
    this.pump.bury(this.deliveryOf(event, this.sample(event)), 'abandoned', whyAbandoned(this.name));
  }

  trySend(event: Item, onSettled?: SettlementListener): boolean {
    if (onSettled === undefined && this.direct.isReady) {
      return this.direct.offer(event, this.settings.scheduler.now()) === 'taken';
    }
    if (this.gate.turnsAway()) return false;
    const followedBy = this.sample(event);
    if (onSettled === undefined && followedBy === 0 && this.gate.admitPlain(event)) return true;
    return this.gate.admit(this.deliveryOf(event, followedBy, onSettled), 'try') === 'taken';
  }

  send(event: Item, { signal }: { readonly signal?: AbortSignal } = {}): Promise<AcceptedEvent> {
    const delivery = this.deliveryOf(event, this.sample(event));
    if (signal === undefined) {
      return new Promise((resolve, reject) => {
        this.gate.handOver(delivery, resolve, reject);
      });
    }
    return sendUntil(signal, (onTaken, onRefused) => this.gate.handOver(delivery, onTaken, onRefused));
  }

  /** Takes the event of a letter again. It always waits for room, so that no overflow policy loses it. */
  redrive(letter: DeadLetter<Item>, onSettled: SettlementListener): void {
    const delivery = this.deliveryOf(letter.event, this.sample(letter.event), onSettled, undefined, letter);
    this.gate.handOver(delivery, undefined, (error) => onSettled({ outcome: 'rejected', attempts: 0, error }));
  }

  /**
   * Whether an event could never end while an attempt waits for it: because that attempt, or one that waits for it in turn, holds the
   * only slot, or the lane, that the event needs.
   */
  wouldAwaitItself(event: Item, awaitedBy: Attempt<unknown> | undefined): boolean {
    for (let attempt = awaitedBy; attempt !== undefined; attempt = attempt.awaitedBy) {
      if (attempt.owner === this && mustWaitFor(attempt.event, event, this.settings)) return true;
    }
    return false;
  }

  /** Tells producers that wait for room that there will be none. */
  refuse(isRefused: (delivery: Delivery<Item>) => boolean): void {
    this.gate.refuse(isRefused);
  }

  stats(): ProcessorStats {
    return processorStats({
      name: this.name,
      state: this.life.state,
      settings: this.settings,
      pump: this.pump,
      suspended: this.gate.suspended,
      calling: this.direct.calling,
      handledDirectly: this.direct.handled,
    });
  }

  /**
   * To be called when a probe has come, or has gone. What a probe follows does not go by the short ways, of which nobody is
   * told; what none follows goes by them from the next rest on.
   */
  heedWatch(): void {
    const { supply } = this.surroundings;
    const { strategy, batch, breaker } = this.settings;
    const { audience } = this.watch;
    this.pump.heedWatch();
    this.gate.isPlain = audience?.isSampling !== false && strategy === 'queue' && batch === undefined;
    const isAlone = supply === undefined && this.pump.lanes === undefined && breaker === undefined;
    this.mayCallDirectly = isAlone && this.gate.isPlain;
    this.direct.interrupt();
  }

  /** Looks for something to do. */
  wake(): void {
    this.pump.run();
  }

  /** From now on, what waits for a batch to fill goes as it is. */
  flush(): void {
    this.pump.flush();
  }

  pause(): void {
    this.life.pause();
  }

  resume(): void {
    this.life.resume();
  }

  drain(options?: DrainOptions): Promise<DrainReport> {
    return this.life.drain(options);
  }

  /** @returns how many events it abandoned */
  close(): number {
    return this.life.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  /** Which probes follow an event, of those that follow a few. */
  private sample(event: Item): number {
    return this.watch.audience?.sample(event) ?? 0;
  }

  private deliveryOf(
    event: Item,
    followedBy: number,
    onSettled?: SettlementListener,
    awaitedBy?: Attempt<unknown>,
    origin?: DeadLetter<Item>,
  ): Delivery<Item> {
    return new Delivery(this.part, event, followedBy, onSettled, awaitedBy, origin);
  }

  /** After every change: whether the next event may be called directly, and whether a drain is done. */
  private afterChange(): void {
    if (!this.direct.interrupt()) return;
    const isClear = this.mayCallDirectly && this.pump.isClear && this.gate.suspended === 0;
    if (isClear && this.life.state === 'open') this.direct.open(this.watch.audience?.isAsked !== true);
    if (this.pump.counters.pending === 0) this.life.restIdle();
  }
}
