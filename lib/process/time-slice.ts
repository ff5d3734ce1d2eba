import type { SchedulerLike } from 'rxjs';
import { isRealTime, runInMacrotask } from './macrotask.ts';

/**
 * How long handlers may follow one another without a pause: half a frame at 60 Hz. Handlers that are synchronous, or whose promises
 * resolve at once, would otherwise keep timers, input and sockets waiting until the last of a million is done. Eight milliseconds hold thousands
 * of events, so that the macrotask between two slices (a few microseconds) costs next to nothing.
 */
const SLICE_MS = 8;

/**
 * How many starts of one turn of the event loop share a reading of the clock, which costs a quarter of what a start costs. Where time is
 * limited, each reads it.
 */
const STARTS_PER_READING = 16;

/** Tells starts the time, and gives way to the rest of the program in long runs. */
export class TimeSlice {
  private readonly scheduler: SchedulerLike;
  private readonly onNext: () => void;
  private readonly startsPerReading: number;
  private startedAt: number | undefined;
  private time = 0;
  private startsLeft = 0;
  private isTurnWatched = false;
  /** The slice is over, and the next one has not begun. */
  isOver = false;

  constructor(scheduler: SchedulerLike, isTimeLimited: boolean, onNext: () => void) {
    this.scheduler = scheduler;
    this.startsPerReading = isTimeLimited ? 1 : STARTS_PER_READING;
    this.onNext = onNext;
  }

  /** The time of a start. */
  now(): number {
    return this.startsLeft-- > 0 ? this.time : this.read();
  }

  /** Whether the run must stop here; `onNext` is called in a macrotask. */
  mustEnd(now: number): boolean {
    this.startedAt ??= now;
    if (now - this.startedAt < SLICE_MS || !isRealTime(now)) return false;
    this.isOver = true;
    runInMacrotask(() => {
      this.isOver = false;
      this.startedAt = undefined;
      this.onNext();
    });
    return true;
  }

  /** Nothing is left to do: the next start begins a new slice. */
  reset(): void {
    this.startedAt = undefined;
  }

  private read(): number {
    const now = this.scheduler.now();
    this.time = now;
    this.startsLeft = 0;
    // Virtual time passes without turns: there, too, each reads it.
    if (!isRealTime(now)) return now;
    this.startsLeft = this.startsPerReading - 1;
    if (!this.isTurnWatched) {
      this.isTurnWatched = true;
      runInMacrotask(this.endTurn);
    }
    return now;
  }

  private readonly endTurn = (): void => {
    this.isTurnWatched = false;
    this.startsLeft = 0;
    // The rest of the program has had its turn.
    if (!this.isOver) this.startedAt = undefined;
  };
}
