import { asyncScheduler, type SchedulerAction, type SchedulerLike, type Subscription } from 'rxjs';

/** Epoch milliseconds to within a microsecond, which go on evenly even if the computer's clock is set: handlers are often faster than a millisecond. */
export function preciseClock(): SchedulerLike {
  // Looked up once: the getter takes longer than many a handler.
  const { timeOrigin } = performance;
  return {
    now: () => timeOrigin + performance.now(),
    schedule: <State>(
      work: (this: SchedulerAction<State>, state?: State) => void,
      delayMs?: number,
      state?: State,
    ): Subscription => asyncScheduler.schedule(work, delayMs, state),
  };
}
