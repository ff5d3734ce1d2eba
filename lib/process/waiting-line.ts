import type { CircuitBreaker } from '../flow/circuit.ts';
import { Lanes } from '../flow/lanes.ts';
import { CircuitWait } from './circuit-wait.ts';
import type { Attempt, CreateAttempt, Delivery } from './delivery.ts';
import type { ProcessorSettings } from './processor-options.ts';
import { RetryQueue } from './retry-queue.ts';
import { TimeSlice } from './time-slice.ts';
import { SingleQueue, type WaitingRoom } from './waiting-room.ts';

/** Knows who waits, and who may start next: retries before what has never run, and each lane in its order. */
export class WaitingLine<Item> {
  /** Where events wait; with lanes if there are keys, or a strategy that looks at what is in progress. */
  readonly room: WaitingRoom<Delivery<Item>>;
  readonly lanes: Lanes<Delivery<Item>> | undefined;
  private readonly concurrency: number;
  private readonly breaker: CircuitBreaker | undefined;
  private readonly createAttempt: CreateAttempt<Item>;
  /** Without keys and with one slot, all is one lane: it is held while an event is between attempts. */
  private readonly isOneLane: boolean;
  private readonly retries = new RetryQueue<Item>();
  private readonly circuit: CircuitWait | undefined;
  private readonly slice: TimeSlice;

  /** @param onReady - called when time has made something possible that was not */
  constructor(settings: ProcessorSettings<Item>, createAttempt: CreateAttempt<Item>, onReady: () => void) {
    const { key, strategy, concurrency, breaker, scheduler } = settings;
    this.concurrency = concurrency;
    this.breaker = breaker;
    this.createAttempt = createAttempt;
    this.lanes = key !== undefined || strategy !== 'queue' ? new Lanes() : undefined;
    this.room = this.lanes ?? new SingleQueue();
    this.isOneLane = this.lanes === undefined && concurrency === 1;
    this.circuit = breaker && new CircuitWait(breaker, scheduler, onReady);
    this.slice = new TimeSlice(scheduler, settings.timeoutMs !== undefined, onReady);
  }

  /** Whether nobody waits, and whoever comes need not. */
  get isClear(): boolean {
    return this.isEmpty && !this.slice.isOver;
  }

  private get isEmpty(): boolean {
    return this.room.size === 0 && this.retries.size === 0;
  }

  push(delivery: Delivery<Item>): void {
    // Whoever finds nobody waiting is not kept waiting by those before.
    if (this.isEmpty) this.slice.reset();
    this.room.push(delivery.key, delivery);
  }

  /** A delivery whose delay is over. */
  pushRetry(delivery: Delivery<Item>): void {
    this.retries.push(delivery);
  }

  /** Begins the next attempt that may start now, of the events that are pending, running or not. */
  next(running: number, pending: number): Attempt<Item> | undefined {
    const isLaneHeld = this.isOneLane && pending > this.room.size;
    if (this.slice.isOver || running >= this.concurrency) return undefined;
    if (this.retries.size === 0 && (isLaneHeld || this.room.size === 0)) return undefined;
    const now = this.slice.now();
    if (this.slice.mustEnd(now)) return undefined;
    const pass = this.circuit?.tryStart(now);
    if (this.circuit !== undefined && pass === undefined) return undefined;
    const delivery = this.retries.shift() ?? (isLaneHeld ? undefined : this.room.shift());
    if (delivery === undefined) {
      this.breaker?.cancelled(pass);
      return undefined;
    }
    delivery.holdsLane = true;
    const attempt = this.createAttempt(delivery.event, ++delivery.attempts, now);
    attempt.delivery = delivery;
    attempt.circuitPass = pass;
    delivery.current = attempt;
    return attempt;
  }

  /** Nothing is pending: the next start begins a new slice of time. */
  rest(): void {
    this.slice.reset();
  }

  /** Sends everybody home, and returns them. */
  close(): readonly Delivery<Item>[] {
    const all: Delivery<Item>[] = [];
    for (let next = this.room.dropOldest(); next !== undefined; next = this.room.dropOldest()) all.push(next);
    this.circuit?.close();
    return all;
  }
}
