import type { DeadLetterReason } from '../core/dead-letter.ts';
import type { DropReason } from '../core/outcome.ts';
import type { Lanes } from '../flow/lanes.ts';
import type { Attempt } from './attempt.ts';
import { AttemptRunner } from './attempt-runner.ts';
import { asDelivery, type Call, type Delivery, type Entry } from './delivery.ts';
import { Endings } from './endings.ts';
import { Ledger } from './ledger.ts';
import type { HandlerPart } from './probe.ts';
import type { PumpOptions } from './pump-options.ts';
import type { Counters } from './stats.ts';
import { superseded } from './stop-reasons.ts';
import { WaitingLine } from './waiting-line.ts';
import type { WaitingRoom } from './waiting-room.ts';

/**
 * Takes every event that was accepted through its attempts: it waits in the room, and is attempted as slots and lanes allow, until its
 * {@link Endings} bring it to its one end.
 */
export class Pump<Item> {
  readonly counters: Counters;
  /** Events that slots can hold. */
  readonly slots: number;
  private readonly slotSize: number;
  private readonly options: PumpOptions<Item>;
  private readonly direct: PumpOptions<Item>['direct'];
  private readonly concurrency: number;
  private readonly part: HandlerPart;
  private readonly line: WaitingLine<Item>;
  private readonly ledger: Ledger<Item>;
  private readonly runner: AttemptRunner<Item>;
  private readonly endings: Endings<Item>;
  private isRunning = false;
  private isPaused = false;
  private isClosed = false;

  constructor(options: PumpOptions<Item>) {
    const { part, handle, settings, watch, handsBack, letters, errors, createAttempt, lent } = options;
    const { timeoutMs, scheduler } = settings;
    this.options = options;
    this.direct = options.direct;
    this.concurrency = settings.concurrency;
    this.slotSize = settings.batch?.maxSize ?? 1;
    this.slots = this.concurrency * this.slotSize;
    const { name } = part;
    this.part = part;
    this.line = new WaitingLine({ part, settings, createAttempt, lent, onReady: () => this.run() });
    this.ledger = new Ledger({ name, watch, errors, release: (lane) => this.line.release(lane) });
    this.counters = this.ledger.counters;
    this.runner = new AttemptRunner({
      name,
      timeoutMs,
      scheduler,
      errors,
      invoke: callPlain(handle),
      onSucceeded: (call, result) => this.endings.succeeded(call, result),
      onFailed: (call, error) => this.endings.failed(call, error),
      onExpired: (call, error) => this.hold(() => this.endings.expired(call, error)),
      onLate: () => void this.counters.late++,
      onFree: (call) => this.run(call),
    });
    this.endings = new Endings({
      part,
      settings,
      letters,
      errors,
      watch,
      handsBack,
      ledger: this.ledger,
      runner: this.runner,
      attemptAgain: (delivery) => {
        this.line.pushRetry(delivery);
        this.run();
      },
      onRecovered: () => this.run(),
    });
  }

  get room(): WaitingRoom<Item> {
    return this.line.room;
  }

  get lanes(): Lanes<Entry<Item>> | undefined {
    return this.line.lanes;
  }

  /** Whether an idle slot is the only thing that a new event needs. */
  get isClear(): boolean {
    const hasSlot = this.counters.pending < this.concurrency;
    return hasSlot && this.line.isClear && !this.isPaused && !this.isRunning;
  }

  /** Whether slots could hold more than they do, and than could start already. */
  get wantsMore(): boolean {
    const { inFlight } = this.runner;
    if (this.isPaused || inFlight.size >= this.concurrency || this.line.isHeld(this.counters.pending)) return false;
    return inFlight.size * this.slotSize + this.line.room.readySize < this.slots;
  }

  /** Events in attempts in flight. */
  get running(): number {
    let running = 0;
    for (const { delivery } of this.runner.inFlight) running += delivery?.members?.length ?? 1;
    return running;
  }

  /** Events that were given up when it closed, or, of a call in progress then, right after. */
  get abandoned(): number {
    return this.endings.abandoned;
  }

  /** When the oldest attempt in flight began. */
  get oldestStart(): number | undefined {
    return this.runner.inFlight.first?.startedAt;
  }

  /** Lets an event in that nobody asks about, to wait for its start. */
  enterPlain(key: unknown, event: Item): void {
    this.ledger.takePlain();
    this.line.push(key, event);
    if (this.runner.inFlight.size < this.concurrency) this.run();
  }

  /**
   * Lets an event in, to wait for its start.
   *
   * @param since - when it began to wait, if that was before
   */
  enter(delivery: Delivery<Item>, since?: number): void {
    const { batch, scheduler } = this.options.settings;
    this.ledger.take(delivery);
    if (batch !== undefined) delivery.enteredAt = since ?? scheduler.now();
    this.line.push(delivery.key, delivery);
    this.ledger.tellTaken(delivery);
    this.run();
  }

  /** Goes on with a handler that was called already, and returned this. */
  follow(event: Item, context: Attempt<Item>, startedAt: number, result: unknown): void {
    const call = this.adopt(event, context, startedAt);
    this.runner.follow(call, result);
    if (this.isClosed && !call.isOver) this.endings.abandon(call.deliveryOf(this.part));
    this.run();
  }

  /** Goes on with a handler that was called already, and threw. */
  fail(event: Item, context: Attempt<Item>, startedAt: number, error: unknown): void {
    const call = this.adopt(event, context, startedAt);
    context.isOver = true;
    this.endings.failed(call, error);
    this.run();
  }

  /** Lets an event in for others, which are dropped. Whoever hears of that comes last, and finds the newcomer in its place. */
  replace(old: readonly Entry<Item>[], reason: DropReason, newcomer: Delivery<Item>): void {
    this.hold(() => {
      const replaced = old.map((entry) => asDelivery(entry, this.part));
      const stopped = replaced.map((delivery) => {
        const call = this.endings.detach(delivery);
        this.ledger.end(delivery, 'dropped', reason);
        return call;
      });
      this.enter(newcomer);
      const why = superseded(this.part.name);
      for (const call of stopped) if (call !== undefined) this.runner.abort(call, why);
      for (const delivery of replaced) this.ledger.tellEnd(delivery);
    });
  }

  /** What a newer event of this key supersedes: not what is dead, and only waits for its letter to be stored. */
  incumbents(key: unknown): readonly Delivery<Item>[] {
    // With a strategy, all that waits are deliveries.
    const waiting = this.lanes?.dropFirst(key) as Delivery<Item> | undefined;
    const current = this.lanes?.current(key) as Delivery<Item> | undefined;
    return [waiting, current].filter(
      (delivery): delivery is Delivery<Item> => delivery !== undefined && delivery.letter === undefined,
    );
  }

  /** Drops an event that could not be let in. */
  drop(delivery: Delivery<Item>, reason: DropReason): void {
    this.ledger.end(delivery, 'dropped', reason);
    this.ledger.tellTaken(delivery);
    this.ledger.tellEnd(delivery);
  }

  /** Makes a dead letter of an event that could not be let in. */
  bury(delivery: Delivery<Item>, reason: DeadLetterReason, error: unknown): void {
    this.endings.bury(delivery, reason, error);
  }

  /** From now on, what waits for a batch to fill goes as it is. */
  flush(): void {
    this.line.flush();
    this.run();
  }

  /** To be called when there is another audience. Calls in flight are given what there is to tell of. */
  heedWatch(): void {
    const { watch, handle, part } = this.options;
    const isWatched = watch.audience !== undefined;
    if (!isWatched) this.runner.invoke = callPlain(handle);
    else this.runner.invoke = this.isAllFollowed ? (call) => this.callWatched(call) : this.callSampled(handle);
    if (this.isAllFollowed) for (const call of this.runner.inFlight) call.deliveryOf(part);
  }

  /** Whether there is something to tell of each event. */
  private get isAllFollowed(): boolean {
    const { audience } = this.options.watch;
    return audience !== undefined && !audience.isSampling;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.run();
  }

  /** Starts nothing more, and abandons all that is pending. */
  close(): void {
    this.isClosed = true;
    this.isPaused = true;
    this.endings.close(this.line.close().map((entry) => asDelivery(entry, this.part)));
    this.runner.rest();
  }

  /** Starts whatever may start. A loop, not a recursion: a handler that ends at once is followed by the next one here. */
  run(spare?: Call<Item>): void {
    if (this.isRunning || !this.direct.interrupt()) {
      if (spare !== undefined) this.runner.giveBack(spare);
      return;
    }
    this.isRunning = true;
    this.startAll(spare);
    this.isRunning = false;
    if (this.runner.inFlight.size === 0) this.runner.rest();
    // With every slot taken there is nothing to say.
    if (this.counters.pending >= this.concurrency) return;
    if (this.counters.pending === 0) this.line.rest();
    this.options.onRest();
  }

  /** @param spare - a call that has ended, to be used again first */
  private startAll(spare: Call<Item> | undefined): void {
    const { line, runner, counters } = this;
    let call = spare;
    do {
      while (!this.isPaused && line.mayStart(runner.inFlight.size, counters.pending)) {
        call ??= runner.take();
        if (!line.fill(call, counters.pending)) break;
        this.start(call);
        call = undefined;
      }
    } while (this.options.letIn());
    if (call !== undefined) runner.giveBack(call);
  }

  private start(call: Call<Item>): void {
    if (call.delivery !== undefined && call.delivery.attempts > 1) this.counters.retried++;
    this.runner.run(call);
  }

  /** In flight already, when the probe is told: whoever is told may close the processor, or supersede the event. */
  private callWatched(call: Call<Item>): unknown {
    const { event, context } = call;
    const { handle, watch, part } = this.options;
    // It has none, if it waited as it is when the first probe came.
    const delivery = call.deliveryOf(part);
    this.ledger.tellStarted(delivery);
    if (call.isOver) return undefined;
    // Whoever was told may also have removed the last one.
    return watch.audience === undefined
      ? handle(event, context)
      : watch.audience.around(delivery, () => handle(event, context));
  }

  /** Calls as they come what no probe follows. */
  private callSampled(handle: PumpOptions<Item>['handle']): (call: Call<Item>) => unknown {
    return (call) => (call.delivery === undefined ? handle(call.event, call.context) : this.callWatched(call));
  }

  /** Starts nothing before all of this is done: it may call back with anything. */
  private hold(work: () => void): void {
    const wasRunning = this.isRunning;
    this.direct.interrupt();
    this.isRunning = true;
    work();
    this.isRunning = wasRunning;
    this.run();
  }

  /** Makes a call of a handler that was called directly, and has not ended. */
  private adopt(event: Item, context: Attempt<Item>, startedAt: number): Call<Item> {
    const call = this.runner.take();
    this.ledger.takePlain();
    call.isOver = false;
    call.event = event;
    call.context = context;
    call.startedAt = startedAt;
    // The first probe came during this very call.
    if (this.isAllFollowed) call.deliveryOf(this.part);
    return call;
  }
}

/** Calls a handler of which nobody is told. */
function callPlain<Item>(handle: PumpOptions<Item>['handle']): (call: Call<Item>) => unknown {
  return ({ event, context }) => handle(event, context);
}
