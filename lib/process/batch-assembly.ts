import type { SchedulerLike, Subscription } from 'rxjs';
import type { BatchPolicy } from '../flow/batch-policy.ts';
import { Attempt } from './attempt.ts';
import { type Call, Delivery } from './delivery.ts';
import type { HandlerPart } from './probe.ts';
import type { WaitingRoom } from './waiting-room.ts';

/** Says when the events that wait are enough for a batch, or have waited long enough, and makes one of them. */
export class BatchAssembly<Item> {
  private readonly batch: Required<BatchPolicy>;
  private readonly scheduler: SchedulerLike;
  private readonly onDue: () => void;
  private timer: Subscription | undefined;
  /** The one that has waited long enough, as its timer has said. */
  private due: Delivery<Item> | undefined;
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
    // Who has come since the timer was armed has waited less than the one that it is for.
    if (this.timer !== undefined || maxWaitMs === Infinity) return false;
    const oldest = room.oldestReady!;
    // Due whatever the clock says, and waiting no longer than the limit: the clock may have been set back meanwhile.
    const waitMs = oldest === this.due ? 0 : Math.min(maxWaitMs, oldest.enteredAt + maxWaitMs - this.scheduler.now());
    if (waitMs <= 0) return true;
    this.timer = this.scheduler.schedule(() => {
      this.timer = undefined;
      this.due = oldest;
      this.onDue();
    }, waitMs);
    return false;
  }

  /** Gives a call the next batch. */
  fill(call: Call<Item>, room: WaitingRoom<Item>, part: HandlerPart): void {
    const members = room.shiftMany(this.batch.maxSize);
    // A handler that takes events out of it would miss them in the next attempt.
    const events: unknown = Object.freeze(members.map(({ event }) => event));
    // To the engine, an array is an event like any other.
    const followedBy = members.reduce((bits, member) => bits | member.followedBy, 0);
    const whole = new Delivery(part, events as Item, followedBy, undefined, whoAwaits(members));
    whole.members = members;
    whole.isTaken = true;
    call.take(whole, undefined);
    this.due = undefined;
    this.rest();
  }

  /** Lets the timer go: another one may be the first to be due now. */
  rest(): void {
    this.timer?.unsubscribe();
    this.timer = undefined;
  }
}

/** The attempts that wait for the end of any of these, one behind the other. */
function whoAwaits(members: readonly Delivery<unknown>[]): Attempt<unknown> | undefined {
  let all: Attempt<unknown> | undefined;
  for (const member of members) {
    for (let by = member.awaitedBy; by !== undefined; by = by.awaitedBy) {
      all = new Attempt(by.owner, by.event, by.attempt, all);
    }
  }
  return all;
}
