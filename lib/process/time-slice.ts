import type { SchedulerLike } from 'rxjs';
import { isRealTime, runInMacrotask } from './macrotask.ts';

/**
 * How long handlers may follow one another without a pause: half a frame at 60 Hz. Handlers that are synchronous, or whose promises
 * resolve at once, would otherwise keep timers, input and sockets waiting until the last of a million is done. Eight milliseconds hold thousands
 * of events, so that the macrotask between two slices (a few microseconds) costs next to nothing.
 */
const SLICE_MS = 8;

/**
 * How many starts of one turn of the event loop may share a reading of the clock, which costs half of what a start costs: as many as
 * there were in about a millisecond. Where time is limited, each reads it.
 */
const MOST_STARTS_PER_READING = 16;

/** Tells starts the time, and gives way to the rest of the program in long runs. */
export class TimeSlice {
  private readonly scheduler: SchedulerLike;
  private readonly onNext: () => void;
  private readonly mostPerReading: number;
  private startsPerReading = 1;
  private startedAt: number | undefined;
  /** When the next attempt starts, as far as `mayStart` has said that it may. */
  time = 0;
  private startsLeft = 0;
  private isTurnWatched = false;
  /** The slice is over, and the next one has not begun. */
  isOver = false;

  constructor(scheduler: SchedulerLike, isTimeLimited: boolean, onNext: () => void) {
    this.scheduler = scheduler;
    this.mostPerReading = isTimeLimited ? 1 : MOST_STARTS_PER_READING;
    this.onNext = onNext;
  }

  /** Whether an attempt may start now, at `time`; if not, `onNext` is called in a macrotask. */
  mayStart(): boolean {
    return this.startsLeft-- > 0 || this.read();
  }

  /** Nothing is left to do: the next start begins a new slice. */
  reset(): void {
    this.startedAt = undefined;
  }

  private read(): boolean {
    if (this.isOver) return false;
    const now = this.scheduler.now();
    const elapsedMs = now - this.time;
    this.time = now;
    this.startsLeft = 0;
    // Virtual time passes without turns: there, each reads it, and there is nobody to give way to.
    if (!isRealTime(now)) return true;
    if (this.isTurnWatched) this.adapt(elapsedMs);
    else this.beginTurn();
    this.startsLeft = this.startsPerReading - 1;
    this.startedAt ??= now;
    const sinceMs = now - this.startedAt;
    // Below 0, the clock was set back: who knows how long it has been.
    if (sinceMs >= 0 && sinceMs < SLICE_MS) return true;
    this.giveWay();
    return false;
  }

  private adapt(elapsedMs: number): void {
    const perMs = elapsedMs <= 1 ? this.startsPerReading * 2 : this.startsPerReading / elapsedMs;
    this.startsPerReading = Math.max(1, Math.min(this.mostPerReading, Math.floor(perMs)));
  }

  private beginTurn(): void {
    this.isTurnWatched = true;
    runInMacrotask(this.endTurn);
  }

  private giveWay(): void {
    this.isOver = true;
    this.startsLeft = 0;
    runInMacrotask(() => {
      this.isOver = false;
      this.startedAt = undefined;
      this.onNext();
    });
  }

  private readonly endTurn = (): void => {
    this.isTurnWatched = false;
    this.startsLeft = 0;
    // The rest of the program has had its turn.
    if (!this.isOver) this.startedAt = undefined;
  };
}
