import { type SchedulerAction, type SchedulerLike, type Subscription, VirtualTimeScheduler } from 'rxjs';

/** Virtual time that goes on by one action at a time, so that something can be looked at in between. */
export class SteppedClock extends VirtualTimeScheduler {
  /** Runs the next action. @returns whether there was one */
  step(): boolean {
    const action = this.actions.shift();
    if (action === undefined) return false;
    this.frame = action.delay;
    const error: unknown = action.execute(action.state, action.delay);
    if (error !== undefined) throw error;
    return true;
  }
}

/** Counts the actions that somebody has scheduled and that are neither done nor taken back: timers that are left behind. */
export class CountingScheduler implements SchedulerLike {
  outstanding = 0;
  readonly #scheduler: SchedulerLike;

  constructor(scheduler: SchedulerLike) {
    this.#scheduler = scheduler;
  }

  now(): number {
    return this.#scheduler.now();
  }

  schedule<State>(
    work: (this: SchedulerAction<State>, state?: State) => void,
    delayMs?: number,
    state?: State,
  ): Subscription {
    this.outstanding++;
    let isOutstanding = true;
    const end = (): void => {
      if (isOutstanding) this.outstanding--;
      isOutstanding = false;
    };
    const action = this.#scheduler.schedule(
      function run(this: SchedulerAction<State>, given?: State) {
        end();
        work.call(this, given);
      },
      delayMs,
      state,
    );
    action.add(end);
    return action;
  }
}
