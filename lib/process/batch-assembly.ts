import type { SchedulerLike, Subscription } from 'rxjs';
import type { BatchPolicy } from '../flow/batch-policy.ts';
import { type Call, Delivery } from './delivery.ts';
import type { WaitingRoom } from './waiting-room.ts';

/** Says when the events that wait are enough for a batch, or have waited long enough, and makes one of them. */
export class BatchAssembly<Item> {
  private readonly batch: Required<BatchPolicy>;
  private readonly scheduler: SchedulerLike;
  private readonly onDue: () => void;
  private timer: Subscription | undefined;
  /** Nothing more will come: what is there goes as it is. */
  isFlushing = false;

  /** @param onDue - called when the first of those that wait has waited long enough */
  constructor(batch: Required<BatchPolicy>, scheduler: SchedulerLike, onDue: () => void) {
    this.batch = batch;
    this.scheduler = scheduler;
    this.onDue = onDue;
  }

  /** Whether a batch may start now. If not, `onDue` is called in time. */
  isReady(room: WaitingRoom<Item>): boolean {
    const { maxSize, maxWaitMs } = this.batch;
    if (room.readySize === 0) return false;
    if (room.readySize >= maxSize || this.isFlushing) return true;
    const { enteredAt } = room.firstReady as Delivery<Item>;
    // Not longer than the limit: the clock may have been set back meanwhile.
    const waitMs = Math.min(maxWaitMs, enteredAt + maxWaitMs - this.scheduler.now());
    if (waitMs <= 0) return true;
    // It waits until it is full.
    if (waitMs === Infinity) return false;
    this.timer ??= this.scheduler.schedule(() => {
      this.timer = undefined;
      this.onDue();
    }, waitMs);
    return false;
  }

  /** Gives a call the next batch. */
  fill(call: Call<Item>, room: WaitingRoom<Item>, handler: string): void {
    const members = room.shiftMany(this.batch.maxSize);
    const events: unknown = members.map(({ event }) => event);
    // To the engine, an array is an event like any other.
    const whole = new Delivery(handler, events as Item);
    whole.members = members;
    whole.isTaken = true;
    call.take(whole, undefined);
    this.rest();
  }

  /** Lets the timer go. */
  rest(): void {
    this.timer?.unsubscribe();
    this.timer = undefined;
  }
}
