import type { CircuitBreaker } from '../flow/circuit.ts';
import type { Lane, Lanes } from '../flow/lanes.ts';
import type { Attempt, CreateAttempt } from './attempt.ts';
import { BatchAssembly } from './batch-assembly.ts';
import { CircuitWait } from './circuit-wait.ts';
import type { Call, Delivery, Entry } from './delivery.ts';
import type { HandlerPart } from './probe.ts';
import type { ProcessorSettings } from './processor-options.ts';
import { RetryQueue } from './retry-queue.ts';
import { TimeSlice } from './time-slice.ts';
import { KeyedRoom, SingleQueue, type WaitingRoom } from './waiting-room.ts';

/** What a line needs of its engine. */
export interface WaitingLineOptions<Item> {
  readonly part: HandlerPart;
  readonly settings: ProcessorSettings<Item>;
  readonly createAttempt: CreateAttempt<Item>;
  /** For a handler that cannot see its context: one for all. */
  readonly lent: Attempt<Item> | undefined;
  /** Called when time has made something possible that was not. */
  readonly onReady: () => void;
}

/** Knows who waits, and who may start next: retries before what has never run, and each lane in its order. */
export class WaitingLine<Item> {
  /** Where events wait; with lanes if there are keys, or a strategy that looks at what is in progress. */
  readonly room: WaitingRoom<Item>;
  readonly lanes: Lanes<Entry<Item>> | undefined;
  private readonly part: HandlerPart;
  private readonly concurrency: number;
  private readonly breaker: CircuitBreaker | undefined;
  private readonly createAttempt: CreateAttempt<Item>;
  private readonly lent: Attempt<Item> | undefined;
  /** Without keys and with one slot, all is one lane: it is held while an event is between attempts. */
  private readonly isOneLane: boolean;
  private readonly retries = new RetryQueue<Item>();
  private readonly circuit: CircuitWait | undefined;
  private readonly batch: BatchAssembly<Item> | undefined;
  private readonly slice: TimeSlice;

  constructor({ part, settings, createAttempt, lent, onReady }: WaitingLineOptions<Item>) {
    const { key, strategy, concurrency, breaker, batch, scheduler } = settings;
    const keyed = key !== undefined || strategy !== 'queue' ? new KeyedRoom<Item>() : undefined;
    this.part = part;
    this.concurrency = concurrency;
    this.breaker = breaker;
    this.createAttempt = createAttempt;
    this.lent = lent;
    this.lanes = keyed?.lanes;
    this.room = keyed ?? new SingleQueue();
    this.isOneLane = keyed === undefined && concurrency === 1;
    this.circuit = breaker && new CircuitWait(breaker, scheduler, onReady);
    this.batch = batch && new BatchAssembly(batch, scheduler, onReady);
    this.slice = new TimeSlice(scheduler, settings.timeoutMs !== undefined, onReady);
  }

  /** Whether nobody waits, and whoever comes need not. */
  get isClear(): boolean {
    return this.isEmpty && !this.slice.isOver;
  }

  /** Whether one event, running or between attempts, keeps all others waiting. */
  isHeld(pending: number): boolean {
    return this.isOneLane && pending > this.room.size;
  }

  private get isEmpty(): boolean {
    return this.room.size === 0 && this.retries.size === 0;
  }

  push(key: unknown, entry: Entry<Item>): void {
    // Whoever finds nobody waiting is not kept waiting by those before.
    if (this.isEmpty) this.slice.reset();
    this.room.push(key, entry);
  }

  /** A delivery whose delay is over. */
  pushRetry(delivery: Delivery<Item>): void {
    this.retries.push(delivery);
  }

  /**
   * Whether an attempt may start now.
   *
   * @param running - calls in flight
   * @param pending - events, running or not
   */
  mayStart(running: number, pending: number): boolean {
    if (running >= this.concurrency) return false;
    if (this.retries.size === 0 && !this.isReady(pending)) return false;
    return this.slice.mayStart();
  }

  /** Gives a call what may start, and says whether there is anything. */
  fill(call: Call<Item>, pending: number): boolean {
    const { time } = this.slice;
    const pass = this.circuit?.tryStart(time);
    if (this.circuit !== undefined && pass === undefined) return false;
    if (!this.fillByTurn(call, pending)) {
      this.breaker?.cancelled(pass);
      return false;
    }
    const { event, delivery } = call;
    const attempt = delivery === undefined ? 1 : ++delivery.attempts;
    call.context = this.lent ?? this.createAttempt(event, attempt, delivery?.awaitedBy);
    call.isOver = false;
    call.startedAt = time;
    call.circuitPass = pass;
    return true;
  }

  /** What held this lane has ended: those behind it may have waited longer than whoever a batch would start for. */
  release(lane: Lane<Entry<Item>>): void {
    this.room.release(lane);
    this.batch?.rest();
  }

  /** From now on, what waits for a batch to fill goes as it is. */
  flush(): void {
    if (this.batch !== undefined) this.batch.isFlushing = true;
  }

  /** Nothing is pending: the next start begins a new slice of time. */
  rest(): void {
    this.slice.reset();
  }

  /** Sends everybody home, and returns them. */
  close(): readonly Entry<Item>[] {
    const all = Array.from({ length: this.room.size }, () => this.room.dropOldest());
    this.circuit?.close();
    this.batch?.rest();
    return all;
  }

  /** Whether one that has never run may. */
  private isReady(pending: number): boolean {
    const { room } = this;
    if (this.isHeld(pending)) return false;
    return this.batch === undefined ? room.readySize > 0 : this.batch.isReady(room);
  }

  private fillByTurn(call: Call<Item>, pending: number): boolean {
    if (this.retries.size > 0) {
      const retried = this.retries.shift();
      if (retried !== undefined) {
        call.takeAgain(retried);
        return true;
      }
      if (!this.isReady(pending)) return false;
    }
    if (this.batch === undefined) return this.room.fill(call);
    this.batch.fill(call, this.room, this.part);
    return true;
  }
}
